"""Reading what a message webhook says: both parties, the parts, and the price where Telnyx has one.

Source: Telnyx facts, section 2.
"""

import msgspec

from services.telnyx_vocabulary.detail_record import Direction
from services.telnyx_vocabulary.json_values import ABSENT, DEFAULT_CURRENCY, ValueReader
from services.telnyx_vocabulary.webhook_event import MessageFacts

MESSAGE_EVENTS: dict[str, Direction] = {
    "message.sent": "outbound",
    "message.finalized": "outbound",
    "message.received": "inbound",
}
"""The webhooks that tell a message, and the direction that each implies."""


class _MessagePayload(msgspec.Struct, rename={"sender": "from", "recipient": "to"}):
    id: msgspec.Raw = ABSENT
    sender: msgspec.Raw = ABSENT
    recipient: msgspec.Raw = ABSENT
    parts: msgspec.Raw = ABSENT
    cost: msgspec.Raw = ABSENT
    cost_breakdown: msgspec.Raw = ABSENT
    completed_at: msgspec.Raw = ABSENT


class _CostBreakdown(msgspec.Struct):
    carrier_fee: msgspec.Raw = ABSENT


class _Party(msgspec.Struct):
    phone_number: msgspec.Raw = ABSENT
    status: msgspec.Raw = ABSENT


def read_message(
    event_type: str, direction: Direction, raw_payload: msgspec.Raw, reader: ValueReader
) -> MessageFacts | None:
    """The facts of a message event; None for every other event, and where the message has no id."""
    if event_type not in MESSAGE_EVENTS:
        return None
    payload = reader.shape(raw_payload, "payload", _MessagePayload) or _MessagePayload()
    message_id = reader.text(payload.id, "payload.id")
    if not message_id:
        reader.complain("payload.id", "a message without an id")
        return None
    from_number, _ = read_party(payload.sender, "from", reader)
    to_number, status = read_party(payload.recipient, "to", reader)
    total = reader.charge(payload.cost, "cost", DEFAULT_CURRENCY)
    breakdown = reader.shape(payload.cost_breakdown, "cost_breakdown", _CostBreakdown) or _CostBreakdown()
    currency = total.currency if total else DEFAULT_CURRENCY
    return MessageFacts(
        message_id=message_id,
        direction=direction,
        from_number=from_number,
        to_number=to_number,
        part_count=reader.whole_number(payload.parts, "parts") or 0,
        status=status,
        total=total,
        carrier_fee=reader.charge(breakdown.carrier_fee, "cost_breakdown.carrier_fee", currency),
        completed_at=reader.time(payload.completed_at, "completed_at"),
    )


def read_party(raw: msgspec.Raw, name: str, reader: ValueReader) -> tuple[str, str]:
    """Number and delivery status of `from` or `to`: a plain number or SIP URI, `{phone_number}`, or a list of these.

    Of several recipients the first stands for the message.
    """
    if bytes(raw).startswith(b"["):
        raw = next(iter(reader.items(raw, name)), ABSENT)
    if not bytes(raw).startswith(b"{"):
        return reader.text(raw, name), ""
    party = reader.shape(raw, name, _Party) or _Party()
    return reader.text(party.phone_number, f"{name}.phone_number"), reader.text(
        party.status, f"{name}.status"
    )
