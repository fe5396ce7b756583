"""The book in memory does what the ledger's store does: both live through the same days and say the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import pytest
from sqlalchemy import Connection, select

from services.common.database import open_database
from services.common.migrations import migrate
from services.ledger import tables
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.facts import Rules
from services.ledger.store import recorded_sweeps
from services.ledger.store.book import Book
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.simulation.api import Silence
from tests.simulation.faults import Rates, Stretch
from tests.simulation.held_sweeps import HeldSweep
from tests.simulation.memory_book import MemoryBook
from tests.simulation.scenario import Scenario
from tests.simulation.simulation import simulate
from tests.simulation.virtual_loop import START

_RATES = Rates(
    lost_webhook=0.05,
    repeated_webhook=0.1,
    late_webhook=0.1,
    late_record=0.1,
    changed_record=0.1,
    crashes_per_day=2,
    ledger_fault=0,
)
_DAY_S = 86_400.0

Method = Literal["events", "observations", "sweep", "usage"]
Told = tuple[datetime, Method, Any]
"""(when, which method, what it was given)"""


class ToldBook(MemoryBook):
    """Remembers everything that it was told."""

    told: list[Told]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        type(self).told = []

    def record_events(self, batch: Iterable[WebhookEvent]) -> None:
        events = list(batch)
        self.told.append((self.clock.now(), "events", events))
        super().record_events(events)

    def record_observations(self, batch: Sequence[DetailRecord]) -> int:
        self.told.append((self.clock.now(), "observations", list(batch)))
        return super().record_observations(batch)

    def record_sweep(self, sweep: Sweep) -> HeldSweep:
        self.told.append((self.clock.now(), "sweep", sweep))
        return super().record_sweep(sweep)

    def record_usage(self, usage: Usage) -> None:
        self.told.append((self.clock.now(), "usage", usage))
        super().record_usage(usage)


@dataclass(slots=True)
class SetClock:
    """Says what it is set to."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return (self.at - START).total_seconds()


@pytest.mark.timeout(300)
def test_the_book_in_memory_says_what_the_store_says(tmp_path: Path) -> None:
    scenario = Scenario(
        seed=1,
        days=3,
        sessions_per_day=15,
        rates=_RATES,
        silences=(Silence("sip-trunking", Stretch(0.4 * _DAY_S, 1.2 * _DAY_S)),),
        strangers=(Stretch(1.5 * _DAY_S, 1.8 * _DAY_S),),
        sweep_interval_s=4 * 3_600,
        quiet_days=1,
        learns=False,
    )
    with mock.patch("tests.simulation.world.MemoryBook", ToldBook):
        memory = simulate(scenario).world.book
    stored = _stored(f"sqlite:///{tmp_path / 'ledger.db'}", ToldBook.told)
    assert _charges_of(memory) == stored["charges"]
    assert _entries_of(memory) == stored["entries"]
    assert _open_of(memory) == stored["open"]
    assert _sweeps_of(memory) == stored["sweeps"]


def _stored(url: str, told: Iterable[Told]) -> dict[str, Any]:
    database = open_database(url)
    try:
        migrate(database, MIGRATIONS, VERSION_TABLE)
        book = Book(database, clock := SetClock(), Rules())
        for at, method, given in told:
            clock.at = at
            _tell(book, method, given)
        return database.read(_read)
    finally:
        database.close()


def _tell(book: Book, method: Method, given: Any) -> None:
    match method:
        case "events":
            book.record_events(given)
        case "observations":
            book.record_observations(given)
        case "sweep":
            book.record_sweep(_stored_sweep(given))
        case "usage":
            days = [recorded_sweeps.UsageDay(day=row.day, cost=row.cost) for row in given.days]
            book.record_usage(given.record_type, days, given.read_at, given.account_key)


def _stored_sweep(sweep: Sweep) -> recorded_sweeps.Sweep:
    return recorded_sweeps.Sweep(
        record_type=sweep.record_type,
        query_form=sweep.query_form,
        account_key=sweep.account_key,
        from_at=sweep.window.start_at,
        to_at=sweep.window.end_at,
        read_at=sweep.read_at,
        total_results=sweep.total_results,
        is_counted=sweep.is_counted,
    )


def _read(connection: Connection) -> dict[str, Any]:
    charges, entries, work, sweeps = tables.billing, tables.billing_entries, tables.open_items, tables.sweeps
    journal = (
        select(
            charges.c.record_type,
            charges.c.record_id,
            entries.c.kind,
            entries.c.amount_nanos,
            entries.c.cost_after_nanos,
            entries.c.posted_at,
        )
        .join(charges, charges.c.id == entries.c.billing_id)
        .order_by(entries.c.id)
    )
    told = select(
        charges.c.record_type,
        charges.c.record_id,
        charges.c.cost_nanos,
        charges.c.settled_at,
        charges.c.merged_into,
    )
    waiting = select(
        work.c.record_type, work.c.record_id, work.c.changed_at, work.c.is_settled, work.c.missing
    )
    worth = select(sweeps.c.held_count, sweeps.c.is_proven, sweeps.c.may_have_closed).order_by(sweeps.c.id)
    return {
        "charges": sorted(map(tuple, connection.execute(told))),
        "entries": sorted(map(tuple, connection.execute(journal))),
        "open": sorted((*row[:4], tuple(row.missing)) for row in connection.execute(waiting)),
        "sweeps": list(map(tuple, connection.execute(worth))),
    }


def _charges_of(book: MemoryBook) -> list[tuple[Any, ...]]:
    return sorted(
        (*key[:2], held.booked.cost_nanos, held.booked.settled_at, held.merged_into)
        for cluster in book.clusters.all()
        for key, held in cluster.charges.items()
    )


def _entries_of(book: MemoryBook) -> list[tuple[Any, ...]]:
    return sorted(
        (*key[:2], entry.kind, entry.amount_nanos, entry.cost_after_nanos, posted_at)
        for cluster in book.clusters.all()
        for key, held in cluster.charges.items()
        for posted_at, entry in held.entries
    )


def _open_of(book: MemoryBook) -> list[tuple[Any, ...]]:
    return sorted(
        (one.kind, one.record_id, one.changed_at, one.settled, one.missing)
        for one in (row.told for row in book.work.rows())
    )


def _sweeps_of(book: MemoryBook) -> list[tuple[Any, ...]]:
    return [(held.held_count, held.is_proven, held.may_have_closed) for held in book.sweeps.sweeps]
