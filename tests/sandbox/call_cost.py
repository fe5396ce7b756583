"""The `call.cost` webhook: one leg's sip-trunking, call-control and call-recording charges, in its many forms.

Source: Telnyx facts, sections 2 (forms) and 4 (what it sums, what it leaves out).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from tests.sandbox.amounts import CURRENCY, ZERO
from tests.sandbox.events import Payload, leg_ids
from tests.sandbox.legs import Leg
from tests.sandbox.records import DetailRecord

When = Literal["never", "before-hangup", "after-hangup", "after-records"]
Form = Literal["parts", "numbers", "type-key", "flat-cost", "flat-amount", "error"]
ALL_WHEN: tuple[When, ...] = get_args(When)
ALL_FORMS: tuple[Form, ...] = get_args(Form)
_PARTS = {"sip-trunking": "sip-trunking", "call-control": "call-control", "recording": "call-recording"}


@dataclass(frozen=True, slots=True)
class CallCost:
    """When and how the account's application sends `call.cost`: it is a setting, off by default."""

    when: When = "never"
    form: Form = "parts"

    @classmethod
    def drawn(cls, rng: random.Random) -> "CallCost":
        return cls(rng.choice(ALL_WHEN), rng.choice(ALL_FORMS))


def cost_payload(leg: Leg, records: Sequence[DetailRecord], form: Form) -> Payload:
    """The payload for one leg, from the records that make up its carriage and recording."""
    parts = [_part(record, form) for record in records if record.type.name in _PARTS and _billed(record)]
    total = sum((record.charge for record in records if record.type.name in _PARTS), ZERO)
    base: Payload = {
        **leg_ids(leg),
        "billed_duration_secs": max((_billed(record) for record in records), default=0),
    }
    match form:
        case "parts" | "type-key":
            return {**base, "cost_parts": parts, "total_cost": str(total), "status": "success"}
        case "numbers":
            return {**base, "cost_parts": parts, "total_cost": total, "status": "valid"}
        case "flat-cost":
            return {**base, "cost": {"amount": str(total), "currency": CURRENCY}, "status": "call_hangup"}
        case "flat-amount":
            return {**base, "amount": str(total), "currency": CURRENCY, "status": "success"}
        case "error":
            return {**base, "cost_parts": [], "total_cost": None, "status": "error"}


def _part(record: DetailRecord, form: Form) -> Payload:
    name = _PARTS[record.type.name]
    rate = Decimal(str(record.fields["rate"]))
    return {
        "type" if form == "type-key" else "call_part": name,
        "cost": record.charge if form == "numbers" else str(record.charge),
        "rate": rate if form == "numbers" else str(rate),
        "currency": CURRENCY,
        "billed_duration_secs": _billed(record),
    }


def _billed(record: DetailRecord) -> int:
    billed = record.fields.get("billed_sec", 0)
    return billed if isinstance(billed, int) else 0
