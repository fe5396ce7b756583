"""A book from before faults were told has them told by the migration, as writers tell them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, inspect, select

from services.common.database import Database, open_database
from services.common.migrations import migrate
from services.common.money import parse_money
from services.common.times import start_of_day, utc_day
from services.ledger import tables
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.store.book import Book
from tests.support.databases import DatabaseKind, Databases
from tests.support.ledger_books import DAY_S, Fact, record_all, sweep, usage
from tests.support.ledger_facts import START, at, leg, message_record, record, usd

_TODAY = start_of_day(utc_day(START))
_HOUR_S = 3600
_KEPT = (
    *(tables.events, tables.observations, tables.detail_records),
    *(tables.record_rollups, tables.sweeps, tables.usage_days),
)
_CHANGED = message_record("changed", "0.004", 60)
_UNREAD = replace(
    message_record("unread", None, 120), unreadable=("cost: more than 9 decimals: '0.0051234567891'",)
)

FACTS: list[Fact] = [
    leg().hangup(60),
    leg().record("sip-trunking", "0.005"),
    leg().record("call-control", "0.002"),
    leg().event("call.cost", 90, event_id="unread", unreadable=("cost_parts[1].cost: missing",)),
    leg().event("call.cost", 90, event_id="fee", unreadable=("cost_breakdown.carrier_fee: missing",)),
    replace(leg().event("call.answered", 3 * DAY_S, event_id="early"), received_at=at(0)),
    leg().event("call.answered", 5, event_id="same"),
    leg().event("call.bridged", 6, event_id="same"),
    _CHANGED,
    replace(_CHANGED, cost=usd("0.005"), observed_at=at(DAY_S)),
    _UNREAD,
    replace(message_record("was unread", None, 180), unreadable=("cost: missing",)),
    message_record("was unread", "0.25", 180, observed_s=DAY_S),
    replace(
        message_record("no id"), record_id="sha256:1f", unreadable=("uuid: a record without a readable id",)
    ),
    replace(message_record("no time", None), record_time=None, unreadable=("created_at: missing",)),
    message_record("credit", "-0.25"),
    replace(message_record("euro"), cost=parse_money("0.01", "EUR")),
    message_record("future", at_s=3 * DAY_S, observed_s=0),
    message_record("a day ahead", at_s=DAY_S, observed_s=0),
    record("inference", None),
    record("conference", None),
    sweep("messaging", 3, from_at=_TODAY, to_at=_TODAY + timedelta(days=2)),
    sweep("messaging", 3, from_at=_TODAY - timedelta(days=3, seconds=1), to_at=_TODAY + timedelta(hours=30)),
    sweep("messaging", 3, from_at=_TODAY + timedelta(seconds=1), to_at=_TODAY + timedelta(days=1, hours=23)),
    sweep("messaging", 3, -_HOUR_S, from_at=_TODAY, to_at=_TODAY + timedelta(days=9)),
    sweep("amd", 0),
    usage("messaging", {0: "0.25"}),
]


@pytest.fixture
def old_book(databases: Databases, database_kind: DatabaseKind) -> Iterator[Database]:
    """An empty book of the schema before."""
    url = databases.empty(database_kind)
    database = open_database(url)
    try:
        migrate(database, MIGRATIONS, VERSION_TABLE, revision="0002")
        yield database
    finally:
        database.close()
        databases.drop(url)


def _rows(database: Database) -> dict[str, list[dict[str, object]]]:
    def read(connection: Connection) -> dict[str, list[dict[str, object]]]:
        return {
            table.name: [
                dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in _KEPT
        }

    return database.read(read)


def _fill(database: Database, rows: dict[str, list[dict[str, object]]]) -> None:
    def write(connection: Connection) -> None:
        for table in _KEPT:
            known = {column["name"] for column in inspect(connection).get_columns(table.name)}
            old = [{name: row[name] for name in row if name in known} for row in rows[table.name]]
            connection.execute(insert(table), old)

    database.write(write)


def test_the_migration_tells_what_writers_tell(book: Book, old_book: Database) -> None:
    record_all(book, FACTS)
    wanted = _rows(book.database)
    _fill(old_book, wanted)
    migrate(old_book, MIGRATIONS, VERSION_TABLE)
    found = _rows(old_book)
    for name, rows in wanted.items():
        assert found[name] == rows, name
    assert sum(bool(row["fault"]) for row in found["events"]) == 5
    assert sum(bool(row["is_unreadable"]) for row in found["detail_records"]) == 4
    assert sum(row["first_day"] is not None for row in found["sweeps"]) == 3
