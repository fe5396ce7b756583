"""Sums are spread over no more rows than there were writers at once."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select, text

from services.ledger import tables
from services.ledger.store import rollups
from services.ledger.store.book import Book
from services.ledger.store.rollups import _free_slot
from tests.support.databases import Databases
from tests.support.ledger_books import open_book, record_all
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_facts import leg

ROLLUPS = (tables.number_rollups, tables.part_rollups, tables.day_rollups, tables.record_rollups)


@pytest.fixture
def shared(databases: Databases) -> Iterator[Book]:
    """A book on PostgreSQL, which takes several writers at once."""
    with open_book(databases, "postgresql") as (book, _):
        yield book


def slots(book: Book) -> set[int]:
    def read(connection: Connection) -> set[int]:
        return {slot for table in ROLLUPS for slot in connection.execute(select(table.c.slot)).scalars()}

    return book.database.read(read)


def test_a_writer_alone_writes_into_one_slot(book: Book) -> None:
    for number in range(20):
        call = leg(str(number), str(number))
        record_all(book, [call.hangup(60), call.record("sip-trunking")])
    assert slots(book) == {0}


def test_writers_at_once_take_slots_of_their_own_and_give_them_back(shared: Book) -> None:
    writer = shared.database.writer
    with writer.begin() as first:
        with writer.begin() as second, writer.begin() as third:
            assert [_free_slot(connection) for connection in (first, second, third)] == [0, 1, 2]
        with writer.begin() as another:
            assert _free_slot(another) == 1
    with writer.begin() as last:
        assert _free_slot(last) == 0


def test_when_every_slot_is_held_a_writer_shares_one(shared: Book) -> None:
    hold_all = text("SELECT pg_advisory_xact_lock(:key, slot) FROM generate_series(0, :last) AS slot")
    with shared.database.writer.begin() as holder:
        holder.execute(hold_all, {"key": rollups._SLOTS_KEY, "last": rollups._SLOT_COUNT - 1})
        record_all(shared, [leg().hangup(60)])
    assert slots(shared) <= set(range(rollups._SLOT_COUNT))
    assert_book_is_consistent(shared)
