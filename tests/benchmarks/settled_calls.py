"""Answered calls with their webhooks and the detail records that settle them, as the messages of the wire."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.records import read_record
from services.telnyx_vocabulary.webhook_events import read_event
from services.telnyx_vocabulary.wire import encode_event, encode_record
from tests.benchmarks.load.stories import draw_leg, webhook
from tests.sandbox.answers import encode
from tests.sandbox.call_records import CallRecords
from tests.sandbox.events import answered, hangup, initiated
from tests.sandbox.ids import Ids
from tests.sandbox.legs import Leg
from tests.sandbox.records import DetailRecord as Row
from tollbook.telnyx.v1.detail_record_pb2 import DetailRecord
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent

_CARRIAGE_RATE = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Calls:
    """What Telnyx tells of some calls: first the webhooks, then the records."""

    events: Sequence[WebhookEvent]
    records: Sequence[DetailRecord]
    """Two of each call, those of one type after those of the other, as they are read."""


def draw_calls(rng: random.Random, count: int, now: datetime) -> Calls:
    """So many answered calls, each a session of its own."""
    legs = [draw_leg(rng, now) for _ in range(count)]
    writer = CallRecords(rng, Ids(rng))
    rows = [writer.sip_trunking(leg, _CARRIAGE_RATE) for leg in legs] + [
        writer.call_control(leg) for leg in legs
    ]
    return Calls(
        events=[event for leg in legs for event in _events(rng, leg, now)],
        records=[_record(row, now) for row in rows],
    )


def _record(row: Row, now: datetime) -> DetailRecord:
    record_type = find_record_type(row.type.name)
    if record_type is None:
        raise ValueError(f"there is no record type {row.type.name!r}")
    return encode_record(read_record(encode(row.fields), record_type, now))


def _events(rng: random.Random, leg: Leg, now: datetime) -> list[WebhookEvent]:
    bodies = (
        webhook(rng, "call.initiated", leg.start, initiated(leg)),
        webhook(rng, "call.answered", leg.answered_at or leg.start, answered(leg)),
        webhook(rng, "call.hangup", leg.end, hangup(leg)),
    )
    return [encode_event(read_event(msgspec.json.encode(body), now, False)) for body in bodies]
