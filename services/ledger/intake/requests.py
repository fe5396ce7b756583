"""What the intake keeps: events as the request in which they came."""

from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.message import DecodeError

from services.common.errors import InvalidInput
from services.ledger.admission import admit, refused_as
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.wire import decode_event, encode_event
from tollbook.ledger.v1.ledger_pb2 import RecordEventsRequest


def admitted_events(request: RecordEventsRequest) -> list[WebhookEvent]:
    """The events of a request. Raises InvalidInput for one that the book cannot take."""
    with refused_as("events"):
        return [admit(decode_event(message), "events") for message in request.events]


def request_of(events: Sequence[WebhookEvent]) -> bytes:
    """A request with these events."""
    return RecordEventsRequest(events=map(encode_event, events)).SerializeToString()


def read_request(request: bytes) -> tuple[list[WebhookEvent], list[bytes]]:
    """The events of a request that was kept, and as requests of their own those that cannot be read.

    They could be when they came: an earlier Tollbook took them in.
    """
    try:
        parsed = RecordEventsRequest.FromString(request)
    except DecodeError:
        return [], [request]
    events: list[WebhookEvent] = []
    unreadable: list[bytes] = []
    for message in parsed.events:
        alone = RecordEventsRequest(events=[message])
        try:
            events += admitted_events(alone)
        except InvalidInput:
            unreadable.append(alone.SerializeToString())
    return events, unreadable


def without_raw_texts(request: bytes, received_before: datetime) -> bytes:
    """The same request, without the raw texts of events that were received before a moment."""
    try:
        parsed = RecordEventsRequest.FromString(request)
    except DecodeError:
        return request
    for message in parsed.events:
        if message.received_time.ToDatetime(UTC) < received_before:
            message.ClearField("raw")
    return parsed.SerializeToString()
