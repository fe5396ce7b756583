"""Reading what a webhook says a call leg cost, in today's form of `call.cost` and in the older ones.

Source: Telnyx facts, section 2.
"""

import msgspec

from services.common.money import Money
from services.telnyx_vocabulary.json_values import ABSENT, DEFAULT_CURRENCY, ValueReader, is_absent
from services.telnyx_vocabulary.record_types import record_type_of_call_part
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart


class _CostPayload(msgspec.Struct):
    status: msgspec.Raw = ABSENT
    cost_parts: msgspec.Raw = ABSENT
    total_cost: msgspec.Raw = ABSENT
    cost: msgspec.Raw = ABSENT
    amount: msgspec.Raw = ABSENT
    currency: msgspec.Raw = ABSENT


class _PartFields(msgspec.Struct):
    call_part: msgspec.Raw = ABSENT
    type: msgspec.Raw = ABSENT
    cost: msgspec.Raw = ABSENT
    rate: msgspec.Raw = ABSENT
    currency: msgspec.Raw = ABSENT
    billed_duration_secs: msgspec.Raw = ABSENT


def read_call_cost(event_type: str, raw_payload: msgspec.Raw, reader: ValueReader) -> CallCost | None:
    """The cost that a `call.cost` tells, or the flat one that an old `call.hangup` carried; None for other events."""
    if event_type not in ("call.cost", "call.hangup"):
        return None
    payload = reader.shape(raw_payload, "payload", _CostPayload) or _CostPayload()
    if event_type == "call.hangup":
        total = reader.charge(payload.cost, "cost", DEFAULT_CURRENCY)
        return CallCost(total=total) if total else None
    stated_currency = reader.text(payload.currency, "currency")
    parts = tuple(
        _read_part(raw, f"cost_parts[{index}]", stated_currency or DEFAULT_CURRENCY, reader)
        for index, raw in enumerate(reader.items(payload.cost_parts, "cost_parts"))
    )
    return CallCost(
        status=reader.text(payload.status, "status"),
        total=_read_total(payload, stated_currency, parts, reader),
        parts=parts,
    )


def _read_total(
    payload: _CostPayload, stated_currency: str, parts: tuple[CostPart, ...], reader: ValueReader
) -> Money | None:
    """The total under whichever name it came; one without a currency of its own is in that of the parts."""
    named = {"total_cost": payload.total_cost, "cost": payload.cost, "amount": payload.amount}
    name, raw = next(
        ((name, raw) for name, raw in named.items() if not is_absent(raw)), ("total_cost", ABSENT)
    )
    currencies = {part.cost.currency for part in parts if part.cost}
    if len(currencies) > 1:
        reader.complain(name, "adds up parts of several currencies")
        return None
    return reader.charge(raw, name, stated_currency or next(iter(currencies), DEFAULT_CURRENCY))


def _read_part(raw: msgspec.Raw, name: str, currency: str, reader: ValueReader) -> CostPart:
    fields = reader.shape(raw, name, _PartFields) or _PartFields()
    call_part = reader.text(fields.call_part, f"{name}.call_part") or reader.text(fields.type, f"{name}.type")
    if not call_part:
        reader.complain(name, "names no call_part")
    part_currency = reader.text(fields.currency, f"{name}.currency") or currency
    cost = reader.charge(fields.cost, f"{name}.cost", part_currency)
    if is_absent(fields.cost):
        reader.complain(f"{name}.cost", "missing")
    return CostPart(
        record_type=record_type_of_call_part(call_part),
        cost=cost,
        rate=reader.text(fields.rate, f"{name}.rate"),
        billed_seconds=reader.whole_number(fields.billed_duration_secs, f"{name}.billed_duration_secs"),
    )
