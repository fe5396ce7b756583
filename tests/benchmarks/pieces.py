"""Part *pieces*: what each step of a webhook's way costs by itself, in one thread, without servers or waiting."""

import base64
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import msgspec
from nacl.signing import VerifyKey

from gateway.signature import judge, read_public_key
from services.common.clock import SystemClock
from services.common.database import open_database
from services.common.migrations import migrate
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.facts import Rules
from services.ledger.intake.requests import admitted_events
from services.ledger.store.book import Book
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.webhook_events import read_event
from services.telnyx_vocabulary.wire import encode_event
from tests.benchmarks.load.deliveries import deliveries
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.sampling import Steps, sampled_below
from tests.benchmarks.timing import tell
from tests.support.telnyx_signer import TelnyxSigner
from tollbook.ledger.v1.ledger_pb2 import RecordEventsRequest
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent as WebhookEventMessage

_BATCH = 64
_BOOKED_AT_ONCE = 256
_BOOKING = f"ledger: booked, {_BOOKED_AT_ONCE} at a time"
_SHOWN_SHARE = 0.02
"""Of a booking; what takes less is shown together."""
_RULES = Rules(
    base_types=("sip-trunking", "call-control"),
    settle_horizon=timedelta(days=1),
    fallback_nanos_per_minute=15_000_000,
)


@dataclass(frozen=True, slots=True)
class _Webhook:
    body: bytes
    signature: bytes
    timestamp: bytes


def measure(effort: Effort) -> Report:
    """Every step over the same webhooks, in turn, several times over."""
    count = 512 if effort.is_quick else 4_096
    costs_us: dict[str, list[float]] = defaultdict(list)
    booking = Steps()
    with _open_book() as book:
        for number in range(2 * effort.rounds + 1):
            tell(f"pieces: round {number + 1} of {2 * effort.rounds + 1}")
            signer = TelnyxSigner()
            webhooks = _webhooks(signer, random.Random(number), count)
            for name, step in _steps(webhooks, signer, book, booking):
                start_s = time.thread_time()
                step()
                costs_us[name].append((time.thread_time() - start_s) / count * 1e6)
    return Report(
        part="pieces",
        title="What a webhook costs, step by step",
        measured=(
            *(
                Measured(subject=name, name="CPU", unit="µs", values=tuple(values))
                for name, values in costs_us.items()
            ),
            *_booking_figures(booking, median(costs_us[_BOOKING])),
        ),
        notes=(
            "What a booking consists of is named by its functions, and shared out by looking every millisecond.",
            "One thread, each step by itself. What the threads of the profile need beyond: HTTP, gRPC, the kernel.",
            f"Messages go {_BATCH} in a request; booking is on SQLite.",
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
    webhooks: Sequence[_Webhook], signer: TelnyxSigner, book: Book, booking: Steps
) -> Iterator[tuple[str, Callable[[], object]]]:
    """In the order in which a webhook goes through them; each leaves behind what the next one needs."""
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
    events: list[WebhookEvent] = []
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
    yield _BOOKING, lambda: _book(book, events, booking)


def _book(book: Book, events: Sequence[WebhookEvent], booking: Steps) -> None:
    with sampled_below("work", depth=2) as steps:
        for first in range(0, len(events), _BOOKED_AT_ONCE):
            book.record_events(list(events[first : first + _BOOKED_AT_ONCE]))
    booking.update(steps)


def _booking_figures(booking: Steps, booking_us: float) -> Iterator[Measured]:
    """The time of a booking, shared out by what was seen under way; the dearest first."""
    large = {step: count for step, count in booking.most_common() if count >= _SHOWN_SHARE * booking.total()}
    rest = {("all else",): booking.total() - sum(large.values())}
    for step, count in (large | rest).items():
        name = f"of that: {', '.join(word.strip('_').replace('_', ' ') for word in step)}"
        values = (count / booking.total() * booking_us,)
        yield Measured(subject=name, name="CPU", unit="µs", values=values)


@contextmanager
def _open_book() -> Iterator[Book]:
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'ledger.db'}")
        try:
            migrate(database, MIGRATIONS, VERSION_TABLE)
            yield Book(database, SystemClock(), _RULES)
        finally:
            database.close()
