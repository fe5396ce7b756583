"""Sealing: each entry in one block, in order, once nobody can commit one before it any more."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, delete

from services.common.database import Database
from services.ledger import chain, sealing, tables
from services.ledger.chain import Block, faults
from services.ledger.sealing import Sealer
from services.ledger.store.blocks import Head, add_block, blocks_after, load_head, sealable_entries
from services.ledger.store.book import Book
from tests.support.clocks import ManualClock
from tests.support.databases import Databases
from tests.support.dying_database import Killed
from tests.support.ledger_books import open_book
from tests.support.ledger_facts import leg
from tests.support.ledger_writers import Writer

EVERYTHING = 2**62


def seal_now(book: Book) -> int:
    """Seal with a sealer of its own, as another process would."""
    return asyncio.run(Sealer(book.database, book.clock).seal())


def hang_up(book: Book, first: int, count: int) -> None:
    book.record_events([leg(f"leg {n}", f"session {n}").hangup() for n in range(first, first + count)])


def head_of(database: Database) -> Head:
    return database.read(load_head)


def blocks_of(database: Database) -> list[Block]:
    return database.read(lambda connection: blocks_after(connection, 0, EVERYTHING, 1000))


def faults_of(database: Database) -> list[str]:
    """Of the whole chain, over the entries as they are now."""

    def read(connection: Connection) -> list[str]:
        told, previous = [], None
        for block in blocks_after(connection, 0, EVERYTHING, 1000):
            after_id = previous.last_entry_id if previous else 0
            told += faults(previous, block, sealable_entries(connection, after_id, block.last_entry_id, 9999))
            previous = block
        return told

    return database.read(read)


def test_an_empty_journal_is_not_sealed(book: Book) -> None:
    assert seal_now(book) == 0
    assert head_of(book.database) == Head(block=None, entry_count=0, unsealed_count=0)
    assert (head_of(book.database).text, head_of(book.database).sealed_at) == ("", None)


def test_what_is_committed_is_sealed_once(book: Book, clock: ManualClock) -> None:
    hang_up(book, 0, 3)
    assert head_of(book.database).unsealed_count == 3
    assert seal_now(book) == 1
    first = head_of(book.database)
    assert (first.entry_count, first.unsealed_count, first.sealed_at) == (3, 0, clock.now())
    assert first.text.startswith("1:")
    assert seal_now(book) == 0
    clock.advance(5)
    hang_up(book, 3, 2)
    assert seal_now(book) == 1
    second = head_of(book.database)
    assert (second.entry_count, second.unsealed_count, second.sealed_at) == (5, 0, clock.now())
    assert second.text.startswith("2:")
    assert faults_of(book.database) == []


def test_a_long_journal_becomes_blocks_of_bounded_size(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MAX_BLOCK_ENTRIES", 4)
    hang_up(book, 0, 10)
    assert seal_now(book) == 3
    assert [block.entry_count for block in blocks_of(book.database)] == [4, 4, 2]
    assert faults_of(book.database) == []
    assert chain.MAX_BLOCK_ENTRIES == 4096


def test_sealing_goes_on_after_a_crash_between_two_blocks(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MAX_BLOCK_ENTRIES", 4)
    hang_up(book, 0, 10)
    seal_now(book)
    whole = blocks_of(book.database)
    table = tables.journal_blocks
    book.database.write(lambda connection: connection.execute(delete(table).where(table.c.number > 1)))
    assert seal_now(book) == 2
    assert blocks_of(book.database) == whole


@pytest.mark.parametrize("dies_inside", [True, False])
def test_a_sealer_that_dies_while_it_adds_a_block_leaves_a_sound_chain(
    book: Book, monkeypatch: pytest.MonkeyPatch, dies_inside: bool
) -> None:
    monkeypatch.setattr(sealing, "MAX_BLOCK_ENTRIES", 4)
    hang_up(book, 0, 10)

    def die(connection: Connection, block: Block) -> None:
        if dies_inside:
            add_block(connection, block)
        if block.number == 2 or not dies_inside:
            raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(sealing, "add_block", die)
        with pytest.raises(Killed):
            seal_now(book)
    assert len(blocks_of(book.database)) == dies_inside
    assert seal_now(book) == 3 - dies_inside
    assert faults_of(book.database) == []
    assert head_of(book.database).entry_count == 10


@pytest.fixture
def shared(databases: Databases) -> Iterator[Book]:
    """A book on PostgreSQL, where several write at once."""
    with open_book(databases, "postgresql") as (book, _):
        yield book


@pytest.fixture
def new_writer(shared: Book) -> Iterator[Callable[[], Writer]]:
    with ExitStack() as stack:
        yield lambda: Writer(stack.enter_context(shared.database.writer.connect()))


def test_nothing_is_sealed_before_a_smaller_id_that_may_yet_turn_up(
    shared: Book, new_writer: Callable[[], Writer]
) -> None:
    hang_up(shared, 0, 1)
    slow, fast = new_writer(), new_writer()
    slow.append(1)
    fast.append(1)
    fast.commit()
    sealer = Sealer(shared.database, shared.clock)

    async def scenario() -> list[int]:
        counts = [await sealer.seal(), await sealer.seal()]
        slow.commit()
        return [*counts, await sealer.seal()]

    assert asyncio.run(scenario()) == [0, 0, 1]
    assert head_of(shared.database).entry_count == 3
    assert faults_of(shared.database) == []


def test_an_id_that_never_turns_up_is_left_out(shared: Book, new_writer: Callable[[], Writer]) -> None:
    hang_up(shared, 0, 1)
    failing, fast = new_writer(), new_writer()
    failing.append(1)
    fast.append(1)
    fast.commit()
    failing.give_up()
    assert seal_now(shared) == 1
    assert head_of(shared.database).entry_count == 2
    assert faults_of(shared.database) == []


def test_of_several_sealers_at_once_each_block_is_made_once(
    shared: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MAX_BLOCK_ENTRIES", 3)

    def write(writer: int) -> None:
        for number in range(10):
            hang_up(shared, 1000 * writer + number, 1)

    with ThreadPoolExecutor(5) as pool:
        writing = [pool.submit(write, writer) for writer in range(2)]
        while not all(future.done() for future in writing):
            for sealing_now in [pool.submit(seal_now, shared) for _ in range(3)]:
                sealing_now.result()
    for future in writing:
        future.result()
    seal_now(shared)
    assert faults_of(shared.database) == []
    assert (head_of(shared.database).entry_count, head_of(shared.database).unsealed_count) == (20, 0)
