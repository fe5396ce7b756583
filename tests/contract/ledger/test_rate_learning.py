"""The book learns from its own exact calls, and estimates at what it has learned."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.common.money import parse_nanos
from services.ledger.learned_rates import MIN_CALLS, NOTHING_LEARNED
from services.ledger.rate_learning import learn_from
from services.ledger.store import exact_calls as exact_calls_store
from services.ledger.store.book import Book
from services.ledger.store.exact_calls import DAYS, exact_calls
from tests.support.clocks import ManualClock
from tests.support.ledger_books import DAY_S, charge_of, journal_of
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_facts import CUSTOMER, LegIds, at, leg

MINUTES = 2
NEW = leg("new", "new")


def hangup(call: LegIds, start_s: float, **fields: Any) -> Any:
    """The hang-up of a call of two minutes that was answered at once."""
    end_s = start_s + 60 * MINUTES
    return call.hangup(end_s, started_at=at(start_s), ended_at=at(end_s), **fields)


def fill(book: Book, count: int = MIN_CALLS, day: int = 0, trunk: str = "0.010", **fields: Any) -> None:
    """Settled calls of one day, each with its two records."""
    events, records = [], []
    for number in range(count):
        call = leg(f"{day} {trunk} {number}", f"{day} {trunk} {number}")
        start_s = day * DAY_S + number
        events.append(hangup(call, start_s, **fields))
        records += [
            call.record("sip-trunking", trunk, start_s, **fields),
            call.record("call-control", "0.004", start_s, **fields),
        ]
    book.record_events(events)
    book.record_observations(records)


def learn(book: Book) -> None:
    asyncio.run(learn_from(book))


def learned_rate(book: Book, to_number: str = CUSTOMER) -> int | None:
    learn(book)
    return book.rules.rates.find("outbound", to_number)


def test_an_empty_book_has_learned_nothing(book: Book) -> None:
    learn(book)
    assert book.rules.rates == NOTHING_LEARNED


def test_a_call_is_estimated_at_what_calls_like_it_cost(book: Book) -> None:
    fill(book)
    learn(book)
    book.record_events([hangup(NEW, DAY_S)])
    row = charge_of(book.database, NEW.call_control_id)
    assert (row.cost_nanos, row.source, row.status) == (parse_nanos("0.014"), "learned", "estimated")
    assert row._mapping["metadata"] == {
        "estimated": True,
        "ratePerMin": Decimal("0.007"),
        "source": "learned",
    }
    assert row.description == f"Call to {CUSTOMER} (120s) [estimated @ 0.007/min]"
    assert_book_is_consistent(book)


def test_an_estimate_stays_at_the_rate_at_which_it_was_first_booked(book: Book) -> None:
    book.record_events([hangup(NEW, 0)])
    fill(book)
    learn(book)
    book.record_events([NEW.event("call.bridged", 1)])
    row = charge_of(book.database, NEW.call_control_id)
    assert (row.cost_nanos, row.source) == (parse_nanos("0.03"), "fallback")
    assert len(journal_of(book.database, row.id)) == 1
    # Nor does a book that has forgotten what it learned, after a start, see anything else.
    book.record_events([hangup(leg("later", "later"), DAY_S)])
    book.learn(NOTHING_LEARNED)
    assert_book_is_consistent(book)


def test_only_calls_that_were_estimated_and_are_exact_teach(book: Book) -> None:
    fill(book, MIN_CALLS - 1)
    for number in range(MIN_CALLS):
        silent, unanswered, open_call = (
            leg(f"{name} {number}", f"{name} {number}") for name in ("silent", "unanswered", "open")
        )
        book.record_observations([silent.record("sip-trunking", "9", number)])
        book.record_events([hangup(unanswered, number, cause="user_busy"), hangup(open_call, number)])
        nothing = {"billed_seconds": 0, "call_seconds": 0}
        book.record_observations([unanswered.record("sip-trunking", "0", number, **nothing)])
    assert learned_rate(book) is None
    fill(book, 1, day=-1)
    assert learned_rate(book) == parse_nanos("0.007")


def test_what_is_long_ago_teaches_nothing(book: Book, clock: ManualClock) -> None:
    fill(book)
    clock.advance((DAYS - 3) * DAY_S)
    assert learned_rate(book) == parse_nanos("0.007")
    clock.advance(3 * DAY_S)
    assert learned_rate(book) is None


def test_of_each_day_the_latest_calls_count_and_the_newest_day_comes_first(
    book: Book, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact_calls_store, "_CALLS_PER_DAY", 3)
    fill(book, 5, day=-1, trunk="0.010")
    fill(book, 2, day=0, trunk="0.020")
    calls = book.database.read(lambda connection: exact_calls(connection, clock.now(), "USD"))
    assert [call.cost_nanos for call in calls] == [parse_nanos("0.024")] * 2 + [parse_nanos("0.014")] * 3
    assert {(call.direction, call.other_party) for call in calls} == {("outbound", CUSTOMER)}
    assert {call.talk_time for call in calls} == {timedelta(minutes=MINUTES)}
    assert book.database.read(lambda connection: exact_calls(connection, clock.now(), "EUR")) == []


def test_what_was_said_of_one_destination_is_not_said_of_another(book: Book) -> None:
    london = "+442079460123"
    fill(book, MIN_CALLS, trunk="0.010")
    fill(book, MIN_CALLS, trunk="0.030", to_number=london)
    assert learned_rate(book) == parse_nanos("0.007")
    assert learned_rate(book, "+442079460999") == parse_nanos("0.017")
