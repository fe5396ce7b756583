"""Reading a webhook's body into a WebhookEvent: every form that Telnyx was seen to send, and anything else too.

Source: Telnyx facts, section 2.
"""

from datetime import datetime

import msgspec

from services.telnyx_vocabulary.detail_record import Direction
from services.telnyx_vocabulary.directions import DIRECTIONS
from services.telnyx_vocabulary.json_values import ABSENT, DECODE_ERRORS, MAX_TEXT_LENGTH, ValueReader
from services.telnyx_vocabulary.usual_event import read_usual_event
from services.telnyx_vocabulary.webhook_costs import read_call_cost
from services.telnyx_vocabulary.webhook_event import UNREADABLE_EVENT, WebhookEvent, body_id
from services.telnyx_vocabulary.webhook_messages import MESSAGE_EVENTS, read_message, read_party


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = ABSENT
    id: msgspec.Raw = ABSENT
    event_type: msgspec.Raw = ABSENT
    occurred_at: msgspec.Raw = ABSENT
    created_at: msgspec.Raw = ABSENT
    payload: msgspec.Raw = ABSENT


class _Payload(msgspec.Struct, rename={"sender": "from", "recipient": "to"}):
    call_session_id: msgspec.Raw = ABSENT
    call_control_id: msgspec.Raw = ABSENT
    call_leg_id: msgspec.Raw = ABSENT
    connection_id: msgspec.Raw = ABSENT
    client_state: msgspec.Raw = ABSENT
    direction: msgspec.Raw = ABSENT
    sender: msgspec.Raw = ABSENT
    recipient: msgspec.Raw = ABSENT
    start_time: msgspec.Raw = ABSENT
    end_time: msgspec.Raw = ABSENT
    hangup_cause: msgspec.Raw = ABSENT
    recording_id: msgspec.Raw = ABSENT
    tags: msgspec.Raw = ABSENT


def read_event(body: bytes, received_at: datetime, quarantined: bool) -> WebhookEvent:
    """What a correctly signed body says. Never raises: what cannot be read stands in `unreadable`.

    A body that is no event at all, or nested too deep to look into, becomes an event of the type "unreadable"
    under the hash of its bytes.
    """
    return read_usual_event(body, received_at, quarantined) or read_any_event(body, received_at, quarantined)


def read_any_event(body: bytes, received_at: datetime, quarantined: bool) -> WebhookEvent:
    """The same, one value at a time: slower, for every form of body."""
    reader = ValueReader()
    envelope = _open_envelope(body, reader)
    event_type = reader.text(envelope.event_type, "event_type")
    if not event_type:
        reader.complain("event_type", "missing")
        return WebhookEvent(
            event_id=body_id(body),
            event_type=UNREADABLE_EVENT,
            occurred_at=received_at,
            received_at=received_at,
            quarantined=quarantined,
            unreadable=reader.unreadable,
            raw=body,
        )
    occurred_at = reader.time(envelope.occurred_at, "occurred_at")
    payload = reader.shape(envelope.payload, "payload", _Payload) or _Payload()
    direction = _read_direction(payload.direction, event_type, reader)
    from_number, _ = read_party(payload.sender, "from", reader)
    to_number, _ = read_party(payload.recipient, "to", reader)
    return WebhookEvent(
        event_id=reader.text(envelope.id, "id") or body_id(body),
        event_type=event_type,
        occurred_at=occurred_at or reader.time(envelope.created_at, "created_at") or received_at,
        received_at=received_at,
        quarantined=quarantined,
        session_id=reader.text(payload.call_session_id, "call_session_id"),
        call_control_id=reader.text(payload.call_control_id, "call_control_id"),
        leg_id=reader.text(payload.call_leg_id, "call_leg_id"),
        connection_id=reader.text(payload.connection_id, "connection_id"),
        client_state=reader.text(payload.client_state, "client_state", MAX_TEXT_LENGTH),
        direction=direction,
        from_number=from_number,
        to_number=to_number,
        started_at=reader.time(payload.start_time, "start_time"),
        ended_at=reader.time(payload.end_time, "end_time"),
        hangup_cause=reader.text(payload.hangup_cause, "hangup_cause"),
        recording_id=reader.text(payload.recording_id, "recording_id"),
        tags=reader.texts(payload.tags, "tags"),
        call_cost=read_call_cost(event_type, envelope.payload, reader),
        message=read_message(event_type, direction, envelope.payload, reader),
        # Last: by now everything that could not be read has its sentence.
        unreadable=reader.unreadable,
        raw=body,
    )


def _open_envelope(body: bytes, reader: ValueReader) -> _Envelope:
    """The object that names the event: `data`, or the root where there is no `data` object."""
    try:
        root = msgspec.json.decode(body, type=_Envelope)
    except DECODE_ERRORS as error:
        reader.complain("body", error)
        return _Envelope()
    if not bytes(root.data).startswith(b"{"):
        return root
    return reader.shape(root.data, "data", _Envelope) or root


def _read_direction(raw: msgspec.Raw, event_type: str, reader: ValueReader) -> Direction:
    word = reader.text(raw, "direction")
    if word and word not in DIRECTIONS:
        reader.complain("direction", f"not a direction: {word[:40]!r}")
    return DIRECTIONS.get(word) or MESSAGE_EVENTS.get(event_type, "")
