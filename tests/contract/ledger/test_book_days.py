"""Days of the book beside usage_reports, their records one by one, and the claims from where they are booked."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.common.errors import InvalidInput
from services.common.money import Money, parse_money
from services.common.times import start_of_day, utc_day
from services.ledger.store.book import Book
from services.ledger.store.book_days import BookDay, Reported, list_book_days
from services.ledger.store.day_records import DayRecord, list_day_records
from services.ledger.store.day_sources import Source, claim_day
from services.ledger.store.recorded_sweeps import Sweep, UsageDay
from tests.support.ledger_books import DAY_S, Usage, record_all, sweep, usage
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_facts import START, at, leg, message, message_record, record, usd

TODAY = utc_day(START)
TOMORROW = TODAY + timedelta(days=1)
HOUR_S = 3600


def days(book: Book, first: date = TODAY, count: int = 1) -> dict[tuple[str, int, str], BookDay]:
    """By type, number of the day and currency."""
    after = first + timedelta(days=count)
    told = book.database.read(lambda connection: list_book_days(connection, first, after, "USD"))
    assert [(day.record_type, day.day) for day in told] == sorted((day.record_type, day.day) for day in told)
    found = {(day.record_type, (day.day - TODAY).days, day.book.currency): day for day in told}
    assert len(found) == len(told)
    return found


def claim(book: Book, source: Source, record_type: str = "messaging", day: date = TODAY) -> Source:
    return book.database.write(
        lambda connection: claim_day(connection, record_type, day, source, book.clock.now())
    )


def whole_day(record_type: str, total: int, read_s: float = 2 * DAY_S, **fields: Any) -> Sweep:
    window = {"from_at": start_of_day(TODAY), "to_at": start_of_day(TOMORROW)}
    return sweep(record_type, total, read_s, **(window | fields))


def test_an_empty_book_has_no_days(book: Book) -> None:
    assert days(book, count=366) == {}


def test_a_day_tells_both_sides(book: Book) -> None:
    record_all(
        book,
        [
            leg().hangup(60),
            leg().record("sip-trunking", "0.005", 0),
            record("sip-trunking", "0.25", HOUR_S),
            record("sip-trunking", None, 2 * HOUR_S),
            replace(record("sip-trunking", at_s=60), cost=parse_money("0.5", "EUR")),
            replace(record("sip-trunking", "7", 120), is_billable=False),
            usage("sip-trunking", {0: "0.26"}, read_s=DAY_S),
            Usage(
                record_type="sip-trunking",
                days=(UsageDay(day=TODAY, cost=usd("0.255"), decimals=4),),
                read_at=at(2 * DAY_S),
            ),
        ],
    )
    claim(book, "detail_records", "sip-trunking")
    assert days(book)["sip-trunking", 0, "USD"] == BookDay(
        record_type="sip-trunking",
        day=TODAY,
        book=usd("0.255"),
        record_count=4,
        unreadable_count=1,
        open_count=0,
        reported=Reported(usd("0.255").nanos, 4, at(2 * DAY_S)),
        source="detail_records",
        complete_at=None,
    )
    euros = days(book)["sip-trunking", 0, "EUR"]
    assert (euros.book, euros.record_count, euros.reported) == (parse_money("0.5", "EUR"), 1, None)
    assert_book_is_consistent(book)


def test_a_record_that_can_be_read_in_the_end_is_unreadable_no_more(book: Book) -> None:
    unread = message_record("one", None)
    record_all(book, [unread])
    assert days(book)["messaging", 0, "USD"].unreadable_count == 1
    record_all(book, [replace(unread, cost=usd("0.004"), observed_at=at(DAY_S))])
    day = days(book)["messaging", 0, "USD"]
    assert (day.unreadable_count, day.record_count, day.book) == (0, 1, usd("0.004"))
    assert_book_is_consistent(book)


def test_the_latest_reading_counts_in_all_its_currencies_and_no_earlier_one(book: Book) -> None:
    record_all(
        book,
        [
            usage("messaging", {0: "3 USD, 2 EUR", 1: "1"}, read_s=DAY_S),
            usage("messaging", {0: "4 USD"}, read_s=2 * DAY_S),
        ],
    )
    found = days(book, count=2)
    assert set(found) == {("messaging", 0, "USD"), ("messaging", 1, "USD")}
    reported = found["messaging", 0, "USD"].reported
    assert reported == Reported(usd("4").nanos, 9, at(2 * DAY_S))
    assert found["messaging", 0, "USD"].book == Money("USD", 0)


def test_a_product_that_no_type_is_known_for_has_no_book_side(book: Book) -> None:
    record_all(book, [usage("usage:number-lookup", {0: "0.75"})])
    day = days(book)["usage:number-lookup", 0, "USD"]
    assert (day.book, day.record_count, day.open_count) == (Money("USD", 0), 0, 0)
    assert day.reported is not None
    assert day.reported.nanos == usd("0.75").nanos


def test_what_still_waits_is_counted_by_type_on_the_day_of_its_beginning(book: Book) -> None:
    record_all(
        book,
        [
            leg("one").hangup(60),
            leg("two", "other").hangup(60),
            leg("two", "other").record("sip-trunking", "0.005"),
            message("three"),
            leg("late", "late").hangup(DAY_S + 60, started_at=at(DAY_S)),
        ],
    )
    found = days(book, count=2)
    counts = {(name, number): day.open_count for (name, number, _), day in found.items()}
    assert counts == {
        ("call-control", 0): 2,
        ("sip-trunking", 0): 1,
        ("messaging", 0): 1,
        ("call-control", 1): 1,
        ("sip-trunking", 1): 1,
    }


def test_a_claim_alone_makes_a_day(book: Book) -> None:
    claim(book, "report_without_ids")
    [day] = days(book, count=366).values()
    assert (day.source, day.record_count, day.book) == ("report_without_ids", 0, Money("USD", 0))


def test_the_first_claim_stands(book: Book) -> None:
    assert claim(book, "report") == "report"
    assert claim(book, "detail_records") == "report"
    assert claim(book, "report_without_ids", day=TOMORROW) == "report_without_ids"
    assert claim(book, "detail_records", "inference") == "detail_records"


def test_of_claims_at_once_one_stands(book: Book) -> None:
    sources: list[Source] = ["report", "detail_records", "report_without_ids"] * 4
    with ThreadPoolExecutor(4) as pool:
        standing = set(pool.map(lambda source: claim(book, source), sources))
    assert len(standing) == 1


def completed(book: Book, first: date = TODAY, count: int = 1) -> dict[int, datetime | None]:
    return {number: day.complete_at for (_, number, _), day in days(book, first, count).items()}


@pytest.mark.parametrize(
    ("fields", "is_complete"),
    [
        ({}, True),
        ({"from_at": start_of_day(TODAY) - timedelta(hours=3), "to_at": at(3 * DAY_S)}, True),
        ({"is_counted": True}, True),
        ({"from_at": start_of_day(TODAY) + timedelta(microseconds=1)}, False),
        ({"to_at": start_of_day(TOMORROW) - timedelta(microseconds=1)}, False),
        ({"read_at": start_of_day(TOMORROW) - timedelta(microseconds=1)}, False),
        ({"read_at": start_of_day(TOMORROW)}, True),
    ],
    ids=str,
)
def test_a_day_is_complete_once_a_sweep_over_all_of_it_is(
    book: Book, fields: dict[str, Any], is_complete: bool
) -> None:
    told = replace(whole_day("messaging", 1), **fields)
    record_all(book, [message_record("one", "0.004", 60), told])
    assert completed(book) == {0: told.read_at if is_complete else None}


def test_a_sweep_that_is_not_complete_or_proves_nothing_completes_no_day(book: Book) -> None:
    record_all(
        book,
        [
            message_record("one", "0.004"),
            whole_day("messaging", 2),
            record("inference", at_s=2 * DAY_S),
            whole_day("inference", 0),
            usage("inference", {0: "0"}),
        ],
    )
    assert completed(book) == {0: None}


def test_the_latest_complete_sweep_tells_and_a_late_record_undoes_it(book: Book) -> None:
    record_all(
        book,
        [
            message_record("one", "0.004"),
            whole_day("messaging", 1, 2 * DAY_S),
            whole_day("messaging", 1, 3 * DAY_S, from_at=at(-5 * DAY_S), to_at=at(5 * DAY_S)),
            whole_day("messaging", 5, 4 * DAY_S),
        ],
    )
    assert completed(book) == {0: at(3 * DAY_S)}
    claim(book, "detail_records", day=TODAY + timedelta(days=3))
    assert completed(book, TODAY, 4) == {0: at(3 * DAY_S), 3: None}
    record_all(book, [message_record("late", "0.004", observed_s=DAY_S)])
    assert completed(book) == {0: None}


def listed(book: Book, page_size: int = 500, cursor: str = "") -> tuple[list[DayRecord], str]:
    return book.database.read(
        lambda connection: list_day_records(connection, "messaging", TODAY, page_size, cursor)
    )


def test_the_records_of_a_day_come_page_by_page_in_order_of_their_ids(book: Book) -> None:
    mine = [message_record(str(number), "0.004", 600 * number) for number in range(7)]
    others = [message_record("tomorrow", at_s=DAY_S), record("inference")]
    record_all(book, [*mine, *others])
    told, cursor = [], ""
    for size in (3, 3, 1):
        page, cursor = listed(book, 3, cursor)
        assert len(page) == size
        told += page
    assert cursor == ""
    assert [each.record_id for each in told] == sorted(each.record_id for each in mine)
    assert listed(book, 7)[1] == ""


def test_a_record_of_a_day_tells_its_charge_and_its_history(book: Book) -> None:
    first = message_record("one", "0.004", 60)
    record_all(book, [first, replace(first, cost=usd("0.006"), observed_at=at(DAY_S))])
    record_all(book, [replace(first, cost=usd("0.006"), observed_at=at(2 * DAY_S))])
    [told], _ = listed(book)
    assert told == DayRecord(
        record_id=first.record_id,
        record_at=at(60),
        cost=usd("0.006"),
        unbilled=None,
        home_kind="sms",
        home_record_id=first.record_id,
        first_observed_at=first.observed_at,
        last_observed_at=at(2 * DAY_S),
        content_count=2,
    )


def test_what_cannot_be_read_has_no_cost_and_what_is_not_billable_says_what_it_would_be(book: Book) -> None:
    record_all(
        book,
        [
            message_record("unread", None),
            replace(message_record("unbilled", "0.5"), is_billable=False),
            replace(message_record("timeless", "0.1"), record_time=None, observed_at=at(300)),
        ],
    )
    told = {each.cost: each for each in listed(book)[0]}
    assert told.keys() == {None, usd("0"), usd("0.1")}
    assert told[usd("0")].unbilled == usd("0.5")
    assert told[None].unbilled is None
    assert told[usd("0.1")].record_at is None


def test_a_foreign_cursor_is_refused(book: Book) -> None:
    with pytest.raises(InvalidInput):
        listed(book, cursor="bm9wZQ")
