"""Several ledgers on one PostgreSQL: they write the same calls at the same time, and nothing is lost or doubled."""

from collections.abc import Iterator
from functools import partial
from random import Random

import pytest

from services.common.database import open_database
from services.ledger.facts import Rules
from services.ledger.store.book import Book
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.busy_writers import facts_of_sessions, run_together, write_all
from tests.support.clocks import ManualClock
from tests.support.databases import Databases
from tests.support.ledger_books import DAY_S, Fact, migrate_ledger, sweep, usage
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.ledger_facts import at, leg, record

WRITERS = 4


@pytest.fixture
def books(databases: Databases) -> Iterator[tuple[Book, Book]]:
    """Two ledgers as two processes would have them, each with connections of its own."""
    url = databases.copy_of("postgresql", "ledger", migrate_ledger)
    one, other = open_database(url), open_database(url)
    yield Book(one, ManualClock(), Rules()), Book(other, ManualClock(), Rules())
    one.close()
    other.close()
    databases.drop(url)


@pytest.mark.parametrize("attempt", range(4))
def test_the_same_sessions_from_several_writers_end_as_from_one(
    books: tuple[Book, Book], attempt: int
) -> None:
    facts = facts_of_sessions(12)
    run_together(
        *(
            partial(write_all, books[writer % 2], facts, Random(f"{attempt} {writer}"))
            for writer in range(WRITERS)
        )
    )
    assert differences(book_contents(books[0].database), expected_contents(facts, books[0].rules)) == []
    assert_book_is_consistent(books[1])


@pytest.mark.parametrize("attempt", range(2))
def test_different_sessions_of_one_day_share_their_sums_without_losing_any(
    books: tuple[Book, Book], attempt: int
) -> None:
    facts = facts_of_sessions(24)
    shares = [facts[writer::WRITERS] for writer in range(WRITERS)]
    run_together(
        *(
            partial(write_all, books[writer % 2], share, Random(f"{attempt} {writer}"))
            for writer, share in enumerate(shares)
        )
    )
    assert differences(book_contents(books[0].database), expected_contents(facts, books[0].rules)) == []
    assert_book_is_consistent(books[1])


@pytest.mark.parametrize("attempt", range(4))
def test_sweeps_are_recorded_while_records_come_in(books: tuple[Book, Book], attempt: int) -> None:
    random = Random(attempt)
    calls = [leg(f"call {number}", f"session {number}") for number in range(10)]
    events: list[Fact] = [call.hangup(60) for call in calls]
    records: list[Fact] = [call.record("sip-trunking", "0.005", number) for number, call in enumerate(calls)]
    strangers: list[Fact] = [record("call-control", "0.001", number, session_id="s") for number in range(6)]
    sweeps: list[Fact] = [
        sweep("sip-trunking", len(calls)),
        *(sweep("call-control", count, 2 * DAY_S + count) for count in (0, 3, 6)),
        sweep("recording", 0),
        usage("call-control", {0: "0"}),
    ]
    run_together(
        partial(write_all, books[0], events, random),
        partial(write_all, books[1], records, random),
        partial(write_all, books[0], strangers, random),
        partial(write_all, books[1], sweeps, random),
    )
    facts = [*events, *records, *strangers, *sweeps]
    assert differences(book_contents(books[0].database), expected_contents(facts, books[0].rules)) == []
    assert_book_is_consistent(books[1])
    assert all(
        missing == () for _, _, _, _, missing, _, _ in book_contents(books[0].database).open_items.values()
    )


@pytest.mark.parametrize("attempt", range(3))
def test_observations_of_one_record_that_change_and_repeat_at_once(
    books: tuple[Book, Book], attempt: int
) -> None:
    call = leg()
    seen: list[DetailRecord] = [
        call.record("sip-trunking", cost, record_id="one", observed_s=observed_s)
        for observed_s, cost in enumerate(("0.005", "0.01", "0.005", "0.007", "0.01", "0.005"))
    ]
    told: list[WebhookEvent] = [
        call.hangup(60, quarantined=quarantined, received_at=at(60 + seconds))
        for seconds, quarantined in ((1, True), (300, False), (2, True), (500, True))
    ]
    facts: list[Fact] = [*seen, *told]
    run_together(
        *(
            partial(write_all, books[writer % 2], facts, Random(f"{attempt} {writer}"))
            for writer in range(WRITERS)
        )
    )
    assert differences(book_contents(books[0].database), expected_contents(facts, books[0].rules)) == []
    assert_book_is_consistent(books[1])
