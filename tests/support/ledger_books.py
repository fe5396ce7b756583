"""Books for tests of the ledger: opened on both stores, fed with facts, and checked from all sides."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, event, select

from services.common.database import Database, open_database
from services.common.migrations import migrate
from services.common.money import parse_money
from services.common.times import utc_day
from services.ledger import tables
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.facts import Rules
from services.ledger.store.book import Book
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_pages import list_charges
from services.ledger.store.recorded_sweeps import Sweep, UsageDay
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.clocks import ManualClock
from tests.support.databases import DatabaseKind, Databases
from tests.support.ledger_facts import at


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One answer of usage_reports about one type."""

    record_type: str
    days: tuple[UsageDay, ...]
    read_at: datetime
    account_key: str = "account"


Fact = WebhookEvent | DetailRecord | Sweep | Usage

DAY_S = 86_400


def sweep(record_type: str, total: int, read_s: float = 2 * DAY_S, **fields: Any) -> Sweep:
    """A sweep of a day around START, read late enough to close what ended there."""
    account_key = fields.get("account_key", "account")
    known: dict[str, Any] = {
        "query_form": f"{record_type}?started_at[gte]&started_at[lt]@{account_key}",
        "account_key": account_key,
        "from_at": at(-DAY_S / 2),
        "to_at": at(DAY_S / 2),
    }
    return Sweep(record_type=record_type, read_at=at(read_s), total_results=total, **(known | fields))


def usage(
    record_type: str, costs: dict[int, str], read_s: float = 2 * DAY_S, account_key: str = "account"
) -> Usage:
    """What usage_reports said, by the number of days since START: in dollars, or amounts such as `0 USD, 0.5 EUR`."""
    days = tuple(
        UsageDay(day=utc_day(at(day * DAY_S)), cost=parse_money(amount, currency or "USD"))
        for day, told in costs.items()
        for amount, _, currency in (text.partition(" ") for text in told.split(", "))
    )
    return Usage(record_type=record_type, days=days, read_at=at(read_s), account_key=account_key)


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


def all_rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, also what repetition must leave alone: ids, times of writing, the journal."""

    def read(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in tables.metadata.tables.items()
        }

    return database.read(read)


def charge_of(database: Database, record_id: str, currency: str = "USD") -> Any:
    """The row of telnyx_billing for one call, message or other record."""
    table = tables.billing
    query = select(table).where(table.c.record_id == record_id, table.c.currency == currency)
    return database.read(lambda connection: connection.execute(query).one())


def listed_charges(database: Database) -> dict[str, int]:
    """Cost in nanos by record id, of all charges that are listed."""
    rows, _ = database.read(lambda connection: list_charges(connection, ChargeFilter(), 1000, ""))
    return {row.record_id: row.cost_nanos for row in rows}


def journal_of(database: Database, billing_id: int) -> list[tuple[str, int, int]]:
    """(kind, amount, cost after) of a charge's entries, oldest first."""
    table = tables.billing_entries
    query = select(table).where(table.c.billing_id == billing_id).order_by(table.c.id)
    rows = database.read(lambda connection: connection.execute(query).all())
    return [(row.kind, row.amount_nanos, row.cost_after_nanos) for row in rows]
