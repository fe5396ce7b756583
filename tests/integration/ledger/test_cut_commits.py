"""The connection to PostgreSQL is cut around the commit, before or after the server saw it: the same ids resolve it."""

from collections.abc import Iterator
from functools import partial
from random import Random

import pytest
from sqlalchemy import func, select

from services.common.database import Database, open_database
from services.ledger.facts import Rules
from services.ledger.intake.intake import open_intake_store
from services.ledger.intake.intake_store import IntakeStore
from services.ledger.intake.requests import request_of
from services.ledger.intake.tables import event_intake
from services.ledger.store.book import Book
from tests.support.busy_writers import facts_of_sessions, run_together, write_all
from tests.support.clocks import ManualClock
from tests.support.cutting_proxy import CUT_KINDS, CutKind, CuttingProxy, cutting_proxy
from tests.support.databases import Databases
from tests.support.intakes import many_hangups, refused_event
from tests.support.ledger_books import Fact, migrate_ledger, record_batch, sweep, usage
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.ledger_facts import leg

WRITERS = 3


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    copied = databases.copy_of("postgresql", "ledger", migrate_ledger)
    yield copied
    databases.drop(copied)


@pytest.fixture
def proxy(url: str) -> Iterator[CuttingProxy]:
    with cutting_proxy(url, seed=6) as running:
        yield running


@pytest.fixture
def book(url: str, proxy: CuttingProxy) -> Iterator[Book]:
    """A book whose connections can be cut."""
    database = open_database(proxy.url(url))
    yield Book(database, ManualClock(), Rules())
    database.close()


@pytest.fixture
def untroubled(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close()


@pytest.mark.parametrize("kind", CUT_KINDS)
def test_what_was_recorded_is_there_once(
    kind: CutKind, book: Book, proxy: CuttingProxy, untroubled: Database
) -> None:
    call = leg("call", "session")
    facts: list[Fact] = [
        call.hangup(60),
        call.record("sip-trunking", "0.005", 1),
        sweep("sip-trunking", 1),
        usage("sip-trunking", {0: "0.005"}),
    ]
    for fact in facts:
        proxy.wanted.append(kind)
        record_batch(book, [fact])
        assert not proxy.wanted
    assert proxy.cut_count(kind) == len(facts)
    assert differences(book_contents(untroubled), expected_contents(facts, book.rules)) == []
    assert_book_is_consistent(Book(untroubled, book.clock, book.rules))


def test_writers_who_are_cut_again_and_again_end_as_one_who_never_was(
    book: Book, proxy: CuttingProxy, untroubled: Database
) -> None:
    facts = facts_of_sessions(8)
    proxy.cut_share = 0.25
    run_together(*(partial(write_all, book, facts, Random(f"cut {writer}")) for writer in range(WRITERS)))
    proxy.cut_share = 0.0
    assert all(proxy.cut_count(kind) for kind in CUT_KINDS)
    assert differences(book_contents(untroubled), expected_contents(facts, book.rules)) == []
    assert_book_is_consistent(Book(untroubled, book.clock, book.rules))


def test_a_cut_does_not_make_two_of_one_event(book: Book, proxy: CuttingProxy, untroubled: Database) -> None:
    """Whoever asked learns how many were new: none, where the commit that nobody heard of brought them in."""
    events = many_hangups(3)
    proxy.wanted.append("answer_lost")
    assert book.record_events(events) == 0
    assert book.record_events(events) == 0
    proxy.wanted.append("never_sent")
    assert book.record_events(many_hangups(2, of="other call")) == 2
    assert_book_is_consistent(Book(untroubled, book.clock, book.rules))


@pytest.mark.parametrize("kind", CUT_KINDS)
async def test_the_intake_keeps_one_row_of_what_it_takes_in(
    kind: CutKind, book: Book, proxy: CuttingProxy, untroubled: Database
) -> None:
    request = request_of(many_hangups(2))
    async with open_intake_store(book) as store:
        proxy.wanted.append(kind)
        row_id = await store.append(request)
        assert proxy.cut_count(kind) == 1
        assert [(row.row_id, row.request) for row in await store.claim_left(0, row_id)] == [(row_id, request)]
        assert row_count(untroubled) == 1


@pytest.mark.parametrize("kind", CUT_KINDS)
async def test_the_intake_keeps_a_refused_event_once(
    kind: CutKind, book: Book, proxy: CuttingProxy, untroubled: Database
) -> None:
    refused = [request_of([refused_event(name)]) for name in ("one", "other")]
    async with open_intake_store(book) as store:
        row_id = await store.append(request_of([refused_event("one"), refused_event("other")]))
        proxy.wanted.append(kind)
        await store.remove([row_id], refused)
        assert proxy.cut_count(kind) == 1
        assert await store.count_refused() == 2
        await _take_out_again(store, refused)
        assert row_count(untroubled) == 2


async def _take_out_again(store: IntakeStore, refused: list[bytes]) -> None:
    """As at the next start, when they are refused once more."""
    for row in await store.claim_left(0, await store.last_id()):
        await store.remove([row.row_id], [request for request in refused if request == row.request])


def row_count(database: Database) -> int:
    query = select(func.count()).select_from(event_intake)
    count: int = database.read(lambda connection: connection.execute(query).scalar_one())
    return count
