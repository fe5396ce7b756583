"""Books for tests of the ledger: opened on both stores, fed with facts, and checked from all sides."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, event

from services.common.database import Database, open_database
from services.common.migrations import migrate
from services.ledger import tables
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.facts import Rules
from services.ledger.store.book import Book
from services.ledger.store.recorded_sweeps import Sweep, UsageDay
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.clocks import ManualClock
from tests.support.databases import DatabaseKind, Databases


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One answer of usage_reports about one type."""

    record_type: str
    days: tuple[UsageDay, ...]
    read_at: datetime
    account_key: str = "account"


Fact = WebhookEvent | DetailRecord | Sweep | Usage


def migrate_ledger(url: str) -> None:
    """Create the ledger's tables in an empty database."""
    database = open_database(url)
    try:
        migrate(database, MIGRATIONS, VERSION_TABLE)
    finally:
        database.close()


@contextmanager
def open_book(
    databases: Databases, kind: DatabaseKind, rules: Rules | None = None
) -> Iterator[tuple[Book, ManualClock]]:
    """An empty book of its own, with a clock that the test moves."""
    url = databases.copy_of(kind, "ledger", migrate_ledger)
    database = open_database(url)
    clock = ManualClock()
    try:
        yield Book(database, clock, rules or Rules()), clock
    finally:
        database.close()
        databases.drop(url)


def record_all(book: Book, facts: Iterable[Fact]) -> None:
    """Record facts one after the other, each in a call of its own."""
    for fact in facts:
        record_batch(book, [fact])


def record_batch(book: Book, facts: Sequence[Fact]) -> None:
    """Record events, or observations, in one call; sweeps and usage have a call each."""
    events = [fact for fact in facts if isinstance(fact, WebhookEvent)]
    records = [fact for fact in facts if isinstance(fact, DetailRecord)]
    if events:
        book.record_events(events)
    if records:
        book.record_observations(records)
    for fact in facts:
        if isinstance(fact, Sweep):
            book.record_sweep(fact)
        elif isinstance(fact, Usage):
            book.record_usage(fact.record_type, list(fact.days), fact.read_at, fact.account_key)


def empty_all_tables(database: Database) -> None:
    """Remove every row: faster than another database."""

    def work(connection: Connection) -> None:
        for table in tables.metadata.sorted_tables:
            connection.execute(delete(table))

    database.write(work)


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """Collects the statements that reach the database, a batch of rows for one statement as one."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engines = {id(engine): engine for engine in (database.writer, database.reader)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
