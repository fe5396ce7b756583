"""SQLite and PostgreSQL end with the same rows in every table."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from sqlalchemy import Connection, func, select

from services.common.database import Database
from services.ledger import tables
from services.ledger.store.book import Book
from tests.contract.ledger.arbitrary_deliveries import Deliveries, deliveries
from tests.support.databases import DATABASE_KINDS, Databases
from tests.support.ledger_books import empty_all_tables, open_book, record_batch

EXAMPLES = 60
SHARDS = range(3)

Names = dict[str, dict[int, str]]
"""By column: what the numbers in it stand for."""


@pytest.fixture
def both(databases: Databases) -> Iterator[list[Book]]:
    """A book on each store, with clocks that agree."""
    first, second = DATABASE_KINDS
    with open_book(databases, first) as (one, _), open_book(databases, second) as (other, _):
        yield [one, other]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shard", SHARDS)
def test_the_same_facts_make_the_same_rows(both: list[Book], shard: int) -> None:
    @seed(shard)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(deliveries())
    def check(told: Deliveries) -> None:
        for book in both:
            empty_all_tables(book.database)
            for batch in told.batches:
                record_batch(book, batch)
        one, other = (rows_of(book.database) for book in both)
        assert one.keys() == other.keys()
        for name in one:
            assert one[name] == other[name], name

    check()


def rows_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table. What a database numbers as it likes is told by its name: a cluster by the first of its
    anchors, a charge by its key, an entry by its place in the journal of its charge.
    """

    def read(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        names = {"cluster_id": _cluster_names(connection), "billing_id": _charge_names(connection)}
        told = {
            name: sorted((_told(row, names) for row in connection.execute(select(table))), key=repr)
            for name, table in tables.metadata.tables.items()
        }
        return told | {"billing_entries": _journals(connection, names)}

    return database.read(read)


def _cluster_names(connection: Connection) -> dict[int, str]:
    table = tables.anchors
    query = select(table.c.cluster_id, func.min(table.c.anchor).label("first"))
    return {row.cluster_id: row.first for row in connection.execute(query.group_by(table.c.cluster_id))}


def _charge_names(connection: Connection) -> dict[int, str]:
    table = tables.billing
    query = select(table.c.id, table.c.record_type, table.c.record_id, table.c.currency)
    return {number: "/".join(key) for number, *key in connection.execute(query)}


def _journals(connection: Connection, names: Names) -> list[tuple[Any, ...]]:
    """The entries charge by charge, each charge's in the order in which they were booked."""
    query = select(tables.billing_entries).order_by(tables.billing_entries.c.id)
    entries = [_told(row, names) for row in connection.execute(query)]
    return sorted(entries, key=lambda entry: str(entry[0]))


def _told(row: Any, names: Names) -> tuple[Any, ...]:
    return tuple(
        names[column][value] if column in names and value is not None else _plain(value)
        for column, value in row._mapping.items()
        if column != "id"
    )


def _plain(value: Any) -> Any:
    """Decimals are the same whatever zeros a database shows behind them."""
    return value.normalize() if isinstance(value, Decimal) else value
