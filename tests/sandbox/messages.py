"""The kinds of messages. Source: Telnyx facts, sections 2 and 3."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from tests.sandbox.activity import Activity
from tests.sandbox.amounts import CURRENCY, record_text
from tests.sandbox.clock import to_text
from tests.sandbox.events import Event, Payload, make_event
from tests.sandbox.ids import Ids
from tests.sandbox.records import DetailRecord, make_record

_RATE_PER_PART = Decimal("0.00205")
_CARRIER_FEE_PER_PART = Decimal("0.00305")


@dataclass(frozen=True, slots=True)
class MessageKind:
    """`webhook_cost`: whether the webhook carries the cost, or null, so that it has to be fetched.

    `fee_apart`: the detail record's `cost` leaves the carrier's fee out; the webhook's total has both.
    """

    direction: Literal["outbound", "inbound"]
    webhook_cost: bool
    type: Literal["SMS", "MMS", "RCS"] = "SMS"
    fee_apart: bool = False
    is_free: bool = False


MESSAGE_KINDS: dict[str, MessageKind] = {
    "sms-outbound": MessageKind("outbound", webhook_cost=True),
    "sms-without-cost": MessageKind("outbound", webhook_cost=False),
    "rcs-outbound": MessageKind("outbound", webhook_cost=False, type="RCS"),
    "sms-inbound": MessageKind("inbound", webhook_cost=True),
    "sms-failed": MessageKind("outbound", webhook_cost=True, is_free=True),
    "sms-fee-apart": MessageKind("outbound", webhook_cost=True, fee_apart=True),
}


@dataclass(frozen=True, slots=True)
class _Message:
    """One message with what it truly costs."""

    kind: MessageKind
    message_id: str
    from_: str
    to: str
    parts: int
    rate: Decimal
    carrier_fee: Decimal
    at: datetime

    @property
    def total(self) -> Decimal:
        return self.rate + self.carrier_fee

    @property
    def is_outbound(self) -> bool:
        return self.kind.direction == "outbound"


def make_message(kind: str, rng: random.Random, end: datetime) -> Activity:
    """One message that was done with at `end`. Raises KeyError for an unknown kind."""
    spec = MESSAGE_KINDS[kind]
    ids = Ids(rng)
    parts = rng.choice((1, 1, 1, 2, 3))
    billed_parts = 0 if spec.is_free else parts
    ours, theirs = ids.account_number(), ids.contact_number()
    from_, to = (ours, theirs) if spec.direction == "outbound" else (theirs, ours)
    message = _Message(
        spec,
        ids.uuid(),
        from_,
        to,
        parts,
        _RATE_PER_PART * billed_parts,
        _CARRIER_FEE_PER_PART * billed_parts,
        end - timedelta(seconds=2),
    )
    record = _record(message, rng)
    return Activity("message", kind, message.message_id, end, (), _events(message, ids, end), (record,))


def _events(message: _Message, ids: Ids, end: datetime) -> tuple[Event, ...]:
    if not message.is_outbound:
        payload = _payload(message, "webhook_delivered", end, with_cost=message.kind.webhook_cost)
        return (make_event("sms", "message.received", ids.uuid(), end, payload),)
    sent = _payload(message, "sent", None, with_cost=False)
    status = "delivery_failed" if message.kind.is_free else "delivered"
    finalized = _payload(message, status, end, with_cost=message.kind.webhook_cost)
    return (
        make_event("sms", "message.sent", ids.uuid(), message.at, sent),
        make_event("sms", "message.finalized", ids.uuid(), end, finalized),
    )


def _payload(message: _Message, status: str, completed_at: datetime | None, *, with_cost: bool) -> Payload:
    """`cost` is the carrier's fee and the rate together: 0.0051 = 0.00305 + 0.00205 for one part."""
    failed = status == "delivery_failed"
    party: Payload = {"carrier": "Example Wireless", "line_type": "Wireless"}
    return {
        "record_type": "message",
        "id": message.message_id,
        "direction": message.kind.direction,
        "type": message.kind.type,
        "from": {**party, "phone_number": message.from_},
        "to": [{**party, "phone_number": message.to, "status": status}],
        "text": "Your order is on its way.",
        "parts": message.parts,
        "media": [],
        "messaging_profile_id": "11111111-2222-4333-8444-555555555555",
        "sent_at": to_text(message.at),
        "received_at": to_text(message.at),
        "completed_at": None if completed_at is None else to_text(completed_at),
        "cost": _money(message.total) if with_cost else None,
        "cost_breakdown": {"carrier_fee": _money(message.carrier_fee), "rate": _money(message.rate)}
        if with_cost
        else None,
        "errors": [{"code": "40001", "title": "Not routable"}] if failed else [],
        "tags": [],
    }


def _money(amount: Decimal) -> Payload:
    return {"amount": str(amount), "currency": CURRENCY}


def _record(message: _Message, rng: random.Random) -> DetailRecord:
    shown = message.rate if message.kind.fee_apart else message.total
    values = {
        "uuid": message.message_id,
        "direction": message.kind.direction,
        "message_type": message.kind.type,
        "cli": message.from_,
        "cld": message.to,
        "parts": message.parts,
        "status": "failed" if message.kind.is_free else ("delivered" if message.is_outbound else "received"),
        "created_at": to_text(message.at),
        "sent_at": to_text(message.at),
        "completed_at": to_text(message.at + timedelta(seconds=2)),
        "updated_at": to_text(message.at + timedelta(seconds=2)),
        "cost": record_text(shown, rng),
        "carrier_fee": record_text(message.carrier_fee, rng),
        "rate": str(_RATE_PER_PART),
        "rate_measured_in": "message_parts",
        "currency": CURRENCY,
        "country_code": "US",
        "carrier": "Example Wireless",
        "errors": ["40001"] if message.kind.is_free else [],
    }
    return make_record("messaging", at=message.at, values=values, charge=message.total, rng=rng)
