"""Part *pieces*: what each step of a webhook's and a record's way costs by itself, without servers or waiting."""

import base64
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec
from nacl.signing import VerifyKey

from gateway.signature import judge, read_public_key
from services.ledger.intake.requests import admitted_events
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.webhook_events import read_event
from services.telnyx_vocabulary.wire import decode_event, decode_record, encode_event
from tests.benchmarks.load.deliveries import deliveries
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.settled_calls import draw_calls
from tests.benchmarks.timed_book import (
    EVENTS_AT_ONCE,
    RECORDS_AT_ONCE,
    TimedWrites,
    open_book,
    record_events,
    record_observations,
)
from tests.benchmarks.timing import tell
from tests.support.telnyx_signer import TelnyxSigner
from tollbook.ledger.v1.ledger_pb2 import RecordEventsRequest
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent as WebhookEventMessage

_BATCH = 64
_WEBHOOKS, _RECORDS = "webhooks", "detail records"


@dataclass(frozen=True, slots=True)
class _Webhook:
    body: bytes
    signature: bytes
    timestamp: bytes


def measure(effort: Effort) -> Report:
    """Every step over the same webhooks and records, in turn, several times over."""
    count = 512 if effort.is_quick else 2_048
    steps_us: dict[str, list[float]] = defaultdict(list)
    booking = TimedWrites(_WEBHOOKS, f"ledger: booked, {EVENTS_AT_ONCE} at a time")
    applying = TimedWrites(_RECORDS, f"ledger: applied, {RECORDS_AT_ONCE:,} at a time")
    with open_book() as book:
        for number in range(2 * effort.rounds + 1):
            tell(f"pieces: round {number + 1} of {2 * effort.rounds + 1}")
            signer, rng = TelnyxSigner(), random.Random(number)
            webhooks = _webhooks(signer, rng, count)
            events: list[WebhookEvent] = []
            for name, step in _steps(webhooks, signer, events):
                start_s = time.thread_time()
                step()
                steps_us[name].append((time.thread_time() - start_s) / count * 1e6)
            booking.run(partial(record_events, book, events), count)
            calls = draw_calls(rng, count // 2, datetime.now(UTC))
            record_events(book, [decode_event(event) for event in calls.events])
            records = [decode_record(record) for record in calls.records]
            applying.run(partial(record_observations, book, records), len(records))
    return Report(
        part="pieces",
        title="What a webhook and a detail record cost, step by step",
        measured=(
            *(
                Measured(setting=_WEBHOOKS, subject=name, name="CPU", unit="µs", values=tuple(values))
                for name, values in steps_us.items()
            ),
            *booking.figures(),
            *applying.figures(),
        ),
        notes=(
            "One thread, each step by itself. What the threads of the profile need beyond: HTTP, gRPC, the kernel.",
            "What a write consists of is named by its functions, and shared out by looking every millisecond.",
            f"Messages go {_BATCH} in a request; the book is on SQLite.",
        ),
    )


def _webhooks(signer: TelnyxSigner, rng: random.Random, count: int) -> list[_Webhook]:
    taken = []
    for request in deliveries(signer, rng, count, datetime.now(UTC)):
        head, _, body = request.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        taken.append(_Webhook(body, fields[b"telnyx-signature-ed25519"], fields[b"telnyx-timestamp"]))
    return taken


def _steps(
    webhooks: Sequence[_Webhook], signer: TelnyxSigner, events: list[WebhookEvent]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """In the order in which a webhook goes through them; each leaves behind what the next needs, at last `events`."""
    now = datetime.now(UTC)
    bare_key = VerifyKey(base64.b64decode(signer.public_key))
    signed = [(each.timestamp + b"|" + each.body, base64.b64decode(each.signature)) for each in webhooks]
    yield "floor: Ed25519", lambda: [bare_key.verify(text, signature) for text, signature in signed]
    decode = msgspec.json.Decoder().decode
    yield "floor: JSON", lambda: [decode(each.body) for each in webhooks]

    keys = [read_public_key(signer.public_key)]
    yield (
        "edge: the signature, its form and its age",
        lambda: [judge(keys, each.signature, each.timestamp, each.body, now) for each in webhooks],
    )
    yield (
        "edge: the event, read",
        lambda: events.extend(read_event(each.body, now, False) for each in webhooks),
    )
    messages: list[WebhookEventMessage] = []
    yield "edge: as a message", lambda: messages.extend(map(encode_event, events))
    wire: list[bytes] = []
    yield (
        "edge: as bytes",
        lambda: wire.extend(
            RecordEventsRequest(events=messages[first : first + _BATCH]).SerializeToString()
            for first in range(0, len(messages), _BATCH)
        ),
    )
    requests: list[RecordEventsRequest] = []
    yield "ledger: from bytes", lambda: requests.extend(map(RecordEventsRequest.FromString, wire))
    yield "ledger: decoded and admitted", lambda: [admitted_events(request) for request in requests]
