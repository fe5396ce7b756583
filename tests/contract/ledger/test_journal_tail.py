"""Following the journal: each entry once, whatever the order in which writers commit."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from services.common.database import Database
from services.common.errors import Unavailable
from services.ledger import tables
from services.ledger.store import journal_tail
from services.ledger.store.book import Book
from services.ledger.store.journal_tail import Tail, begin, entries_after, load_charges, look, prove
from tests.support.clocks import ManualClock
from tests.support.databases import Databases
from tests.support.ledger_books import open_book
from tests.support.ledger_facts import leg
from tests.support.ledger_writers import Writer


class Reader:
    """Follows one book's journal from the moment it is made."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.tail = database.read(begin)
        while not self.tail.is_settled:
            self.tail = database.read(partial(prove, tail=self.tail))

    def look(self) -> list[int]:
        """The charges whose entries have turned up."""
        self.tail, changed = self._database.read(partial(look, tail=self.tail))
        return changed


@pytest.fixture
def shared(databases: Databases) -> Iterator[Database]:
    """A book on PostgreSQL, where several write at once."""
    with open_book(databases, "postgresql") as (book, _):
        yield book.database


@pytest.fixture
def new_writer(shared: Database) -> Iterator[Callable[[], Writer]]:
    with ExitStack() as stack:
        yield lambda: Writer(stack.enter_context(shared.writer.connect()))


@contextmanager
def written(database: Database) -> Iterator[Writer]:
    with database.writer.begin() as connection:
        yield Writer(connection)


def charges_of(book: Book, count: int) -> list[Any]:
    """Rows of `count` calls that have just ended."""
    book.record_events([leg(f"leg {n}", f"session {n}").hangup() for n in range(count)])
    table = tables.billing
    return list(book.database.read(lambda connection: connection.execute(select(table.c.id)).scalars()))


def test_what_was_there_before_is_not_told(book: Book) -> None:
    charges_of(book, 3)
    reader = Reader(book.database)
    assert reader.look() == []
    assert reader.tail.is_settled


def test_an_empty_book_can_be_followed(book: Book) -> None:
    reader = Reader(book.database)
    assert (reader.look(), reader.tail.final_id) == ([], 0)
    assert reader.look() == []


def test_each_entry_is_told_once_and_a_charge_once_a_look(book: Book, clock: ManualClock) -> None:
    reader = Reader(book.database)
    billing_ids = charges_of(book, 2)
    assert sorted(reader.look()) == sorted(billing_ids)
    assert reader.look() == []
    one = leg("leg 0", "session 0")
    book.record_observations([one.record("sip-trunking", "0.005")])
    book.record_observations([one.record("call-control", "0.002")])
    [changed] = reader.look()
    [row] = book.database.read(lambda connection: load_charges(connection, [changed]))
    assert (row.record_id, row.cost_nanos, row.status) == (one.call_control_id, 7_000_000, "exact")
    entries = book.database.read(lambda connection: entries_after(connection, 0, 100))
    assert reader.tail == Tail(final_id=entries[-1].id, next_id=entries[-1].id)


def test_more_than_one_look_takes_is_told_by_the_next(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_tail, "LOOK_LIMIT", 2)
    reader = Reader(book.database)
    billing_ids = charges_of(book, 9)
    told: list[int] = []
    for _ in range(5):
        told += reader.look()
    assert sorted(told) == sorted(billing_ids)
    reader.look()
    assert reader.tail.is_settled


def test_a_smaller_id_that_turns_up_later_is_told(shared: Database, new_writer: Callable[[], Writer]) -> None:
    reader = Reader(shared)
    slow, fast = new_writer(), new_writer()
    smaller, greater = slow.append(1), fast.append(2)
    assert smaller < greater
    fast.commit()
    assert reader.look() == [2]
    assert reader.tail.final_id < smaller
    assert reader.look() == []
    slow.commit()
    assert reader.look() == [1]
    assert (reader.look(), reader.tail.final_id) == ([], greater)


def test_an_id_that_never_turns_up_is_not_waited_for(
    shared: Database, new_writer: Callable[[], Writer]
) -> None:
    reader = Reader(shared)
    failing, fast = new_writer(), new_writer()
    failing.append(1)
    greater = fast.append(2)
    fast.commit()
    assert reader.look() == [2]
    failing.give_up()
    assert (reader.look(), reader.tail.final_id) == ([], greater)


def test_only_those_who_were_at_work_before_are_waited_for(
    shared: Database, new_writer: Callable[[], Writer]
) -> None:
    """Otherwise a busy ledger would never come to an end."""
    reader = Reader(shared)
    first = new_writer()
    first.append(1)
    for number in range(2, 6):
        following = new_writer()
        following.append(number)
        first.commit()
        assert reader.look() == [number - 1]
        reader.look()
        first = following
    assert reader.tail.final_id > 0
    assert len(reader.tail.ahead) <= 1
    first.commit()
    assert reader.look() == [5]


def test_who_was_at_work_when_the_reading_began_is_told(
    shared: Database, new_writer: Callable[[], Writer]
) -> None:
    slow, fast = new_writer(), new_writer()
    slow.append(1)
    fast.append(2)
    fast.commit()
    tail = shared.read(begin)
    for _ in range(2):
        tail = shared.read(partial(prove, tail=tail))
        assert not tail.is_settled
    later = new_writer()
    later.append(3)
    slow.commit()
    tail = shared.read(partial(prove, tail=tail))
    assert tail.is_settled
    later.commit()
    _, changed = shared.read(partial(look, tail=tail))
    assert changed == [3]


def test_late_ids_beyond_what_one_look_takes_are_all_told(
    shared: Database, new_writer: Callable[[], Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_tail, "LOOK_LIMIT", 2)
    reader = Reader(shared)
    slow, fast = new_writer(), new_writer()
    for number in range(1, 8):
        slow.append(number)
    fast.append(8)
    fast.commit()
    assert reader.look() == [8]
    slow.commit()
    told: list[int] = []
    for _ in range(6):
        told += reader.look()
    assert told == [1, 2, 3, 4, 5, 6, 7]
    assert reader.tail.is_settled


def test_a_writer_that_does_not_end_does_not_fill_the_memory(
    shared: Database, new_writer: Callable[[], Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_tail, "_MAX_AHEAD", 3)
    reader = Reader(shared)
    new_writer().append(1)
    for number in range(2, 5):
        with written(shared) as writer:
            writer.append(number)
        reader.look()
    with written(shared) as writer:
        writer.append(5)
    with pytest.raises(Unavailable):
        reader.look()


def test_nothing_of_several_busy_writers_is_left_out_or_told_twice(databases: Databases) -> None:
    with open_book(databases, "postgresql") as (book, _):
        reader = Reader(book.database)
        told: list[int] = []

        def write(writer: int) -> None:
            for number in range(12):
                book.record_events([leg(f"{writer} {number}", f"{writer} {number}").hangup()])

        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(write, writer) for writer in range(4)]
            while not all(future.done() for future in work):
                told += reader.look()
        for future in work:
            future.result()
        told += reader.look()
        rows = book.database.read(
            lambda connection: connection.execute(select(tables.billing.c.id)).scalars().all()
        )
    assert sorted(told) == sorted(rows)
    assert len(rows) == 48
