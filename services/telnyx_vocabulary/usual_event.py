"""Reading a webhook in today's usual shape: one typed pass over the body instead of one look at each value.

What is unusual in any way (another type, a number where text is usual, anything unreadable) is left to the careful
reader of `webhook_events`. Where this one reads a body at all, both read the same: a test holds them to it.
"""

import re
from datetime import datetime

import msgspec

from services.common.money import Money, parse_money
from services.telnyx_vocabulary.detail_record import Direction
from services.telnyx_vocabulary.directions import DIRECTIONS
from services.telnyx_vocabulary.json_values import (
    DECODE_ERRORS,
    DEFAULT_CURRENCY,
    MAX_CHARGE_NANOS,
    MAX_LIST_BYTES,
    is_absent,
)
from services.telnyx_vocabulary.record_types import record_type_of_call_part
from services.telnyx_vocabulary.usual_shapes import Amount, Body, Party, Payload, StatedPart
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart, MessageFacts, WebhookEvent, body_id
from services.telnyx_vocabulary.webhook_messages import MESSAGE_EVENTS

# Whatever it matches lies in this century and names UTC.
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?(?:Z|\+00:00)", re.ASCII)
_WHOLE_NUMBER = re.compile(rb"[0-9]{1,9}")
# The only way to write a NUL into a JSON text, which no text may have.
_ESCAPED_NUL = b"\\u0000"


class _Unusual(ValueError):
    """The body has something that only the careful reader judges."""


_DECODER = msgspec.json.Decoder(Body)
_NO_PAYLOAD = Payload()


def read_usual_event(body: bytes, received_at: datetime, quarantined: bool) -> WebhookEvent | None:
    """The event in a body of the usual shape; None for every other body, whatever is the matter with it."""
    if len(body) > MAX_LIST_BYTES or _ESCAPED_NUL in body:
        return None
    try:
        data = _DECODER.decode(body).data
        payload = data.payload or _NO_PAYLOAD
        direction = _direction(payload.direction, data.event_type)
        from_number, _ = _party(payload.sender)
        to_number, status = _party(payload.recipient)
        return WebhookEvent(
            event_id=data.id or body_id(body),
            event_type=data.event_type,
            occurred_at=_time(data.occurred_at) or _time(data.created_at) or received_at,
            received_at=received_at,
            quarantined=quarantined,
            session_id=payload.call_session_id or "",
            call_control_id=payload.call_control_id or "",
            leg_id=payload.call_leg_id or "",
            connection_id=payload.connection_id or "",
            client_state=payload.client_state or "",
            direction=direction,
            from_number=from_number,
            to_number=to_number,
            started_at=_time(payload.start_time),
            ended_at=_time(payload.end_time),
            hangup_cause=payload.hangup_cause or "",
            recording_id=payload.recording_id or "",
            tags=tuple(tag for tag in payload.tags if tag) if payload.tags else (),
            call_cost=_call_cost(data.event_type, payload),
            message=(
                _message(payload, direction, from_number, to_number, status)
                if data.event_type in MESSAGE_EVENTS
                else None
            ),
            raw=body,
        )
    except (*DECODE_ERRORS, ValueError):
        return None


def _direction(word: str | None, event_type: str) -> Direction:
    if not word:
        return MESSAGE_EVENTS.get(event_type, "")
    if word not in DIRECTIONS:
        raise _Unusual(word)
    return DIRECTIONS[word]


def _party(party: str | Party | list[Party] | None) -> tuple[str, str]:
    """Number and delivery status; of several recipients the first stands for the message."""
    if not party:
        return "", ""
    if isinstance(party, str):
        return party, ""
    first = party[0] if isinstance(party, list) else party
    return first.phone_number or "", first.status or ""


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    if _TIME.fullmatch(text) is None:
        raise _Unusual(text)
    return datetime.fromisoformat(text)


def _charge(amount: str | Amount | None, currency: str) -> Money | None:
    if isinstance(amount, Amount):
        currency, amount = amount.currency or currency, amount.amount
    if not amount:
        return None
    money = parse_money(amount, currency)
    if abs(money.nanos) > MAX_CHARGE_NANOS:
        raise _Unusual(amount)
    return money


def _whole_number(raw: msgspec.Raw) -> int | None:
    if is_absent(raw):
        return None
    if _WHOLE_NUMBER.fullmatch(bytes(raw)) is None:
        raise _Unusual(raw)
    return int(bytes(raw))


def _call_cost(event_type: str, payload: Payload) -> CallCost | None:
    if event_type == "call.hangup":
        total = _charge(payload.cost, DEFAULT_CURRENCY)
        return CallCost(total=total) if total else None
    if event_type != "call.cost":
        return None
    currency = payload.currency or DEFAULT_CURRENCY
    parts = tuple(_cost_part(part, currency) for part in payload.cost_parts or ())
    currencies = {part.cost.currency for part in parts if part.cost}
    if len(currencies) > 1:
        raise _Unusual(currencies)
    named = (payload.total_cost, payload.cost, payload.amount)
    stated = next((amount for amount in named if amount is not None), None)
    return CallCost(
        status=payload.status or "",
        total=_charge(stated, payload.currency or next(iter(currencies), DEFAULT_CURRENCY)),
        parts=parts,
    )


def _cost_part(part: StatedPart, currency: str) -> CostPart:
    call_part = part.call_part or part.type
    if not call_part or part.cost is None:
        raise _Unusual(call_part)
    return CostPart(
        record_type=record_type_of_call_part(call_part),
        cost=_charge(part.cost, part.currency or currency),
        rate=part.rate or "",
        billed_seconds=_whole_number(part.billed_duration_secs),
    )


def _message(
    payload: Payload, direction: Direction, from_number: str, to_number: str, status: str
) -> MessageFacts:
    if not payload.id:
        raise _Unusual(payload.id)
    total = _charge(payload.cost, DEFAULT_CURRENCY)
    fee = payload.cost_breakdown.carrier_fee if payload.cost_breakdown else None
    return MessageFacts(
        message_id=payload.id,
        direction=direction,
        from_number=from_number,
        to_number=to_number,
        part_count=_whole_number(payload.parts) or 0,
        status=status,
        total=total,
        carrier_fee=_charge(fee, total.currency if total else DEFAULT_CURRENCY),
        completed_at=_time(payload.completed_at),
    )
