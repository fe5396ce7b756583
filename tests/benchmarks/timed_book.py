"""A book of its own in SQLite, and what writing into it costs, shared out by the steps of a write."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

from services.common.clock import SystemClock
from services.common.database import open_database
from services.common.migrations import migrate
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.facts import Rules
from services.ledger.store.book import Book
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.benchmarks.measured import Measured
from tests.benchmarks.sampling import Steps, sampled_below

EVENTS_AT_ONCE = 256
RECORDS_AT_ONCE = 1_000
_SHOWN_SHARE = 0.02
"""Of a write; what takes less is shown together."""
_RULES = Rules(
    base_types=("sip-trunking", "call-control"),
    settle_horizon=timedelta(days=1),
    fallback_nanos_per_minute=15_000_000,
)


class TimedWrites:
    """Writes of one kind: their CPU time for each fact, and where it went."""

    def __init__(self, setting: str, name: str) -> None:
        self._setting = setting
        self._name = name
        self._costs_us: list[float] = []
        self._steps = Steps()

    def run(self, write: Callable[[], None], fact_count: int) -> None:
        """Do it, in the main thread."""
        start_s = time.thread_time()
        # Every write of the book is done by a function of this name, inside of one transaction.
        with sampled_below("work", depth=2) as steps:
            write()
        self._costs_us.append((time.thread_time() - start_s) / fact_count * 1e6)
        self._steps.update(steps)

    def figures(self) -> Iterator[Measured]:
        """The whole, then its steps with what was seen under way, the dearest first."""
        yield self._figure(self._name, *self._costs_us)
        seen = self._steps.total()
        large = {step: count for step, count in self._steps.most_common() if count >= _SHOWN_SHARE * seen}
        rest = {("all else",): seen - sum(large.values())}
        for step, count in (large | rest).items():
            words = ", ".join(word.strip("_").replace("_", " ") for word in step)
            yield self._figure(f"of that: {words}", count / seen * median(self._costs_us))

    def _figure(self, subject: str, *values: float) -> Measured:
        return Measured(setting=self._setting, subject=subject, name="CPU", unit="µs", values=values)


def record_events(book: Book, events: Sequence[WebhookEvent]) -> None:
    """Book them, as many at a time as the ledger takes from its intake."""
    for first in range(0, len(events), EVENTS_AT_ONCE):
        book.record_events(list(events[first : first + EVENTS_AT_ONCE]))


def record_observations(book: Book, records: Sequence[DetailRecord]) -> None:
    """Book them, as many at a time as one request holds."""
    for first in range(0, len(records), RECORDS_AT_ONCE):
        book.record_observations(list(records[first : first + RECORDS_AT_ONCE]))


@contextmanager
def open_book() -> Iterator[Book]:
    """An empty book that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'ledger.db'}")
        try:
            migrate(database, MIGRATIONS, VERSION_TABLE)
            yield Book(database, SystemClock(), _RULES)
        finally:
            database.close()
