"""The verdict on each day and product."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.audit.book_days import BookDay
from services.reconciler.audit.line import AuditLine, AuditResult
from services.reconciler.audit.verdicts import AuditTerms, Readings, judge
from tests.unit.reconciler.audit.days import (
    ASKED,
    FIRST,
    HORIZON,
    LATER,
    TERMS,
    UNASKED,
    always,
    book_day,
    never,
)

CENT = 10_000_000


def _only(*days: BookDay, terms: AuditTerms = TERMS) -> AuditLine:
    [line] = judge(days, UNASKED, terms)
    return line


def _verdicts(*days: BookDay) -> list[str]:
    return [line.verdict for line in sorted(judge(days, UNASKED, TERMS), key=lambda line: line.day)]


def test_the_same_is_equal() -> None:
    line = _only(book_day(0, 15_000_000, 15_000_000, decimals=3))
    assert (line.verdict, line.reason, line.difference_nanos) == ("equal", "", 0)
    assert (line.record_type, line.product, line.decimals) == ("sip-trunking", "sip-trunking", 3)


def test_rounded_by_the_report_is_equal() -> None:
    assert _only(book_day(0, 15_499_000, 15_000_000, decimals=3)).verdict == "equal"


def test_a_day_is_not_taken_for_coarser_than_the_other_reports_of_its_product() -> None:
    round_day, fine_day = (
        book_day(0, 12_543_200_000, 12_500_000_000, decimals=1),
        book_day(3, 1, 1, decimals=9),
    )
    lines = judge([round_day, fine_day], UNASKED, TERMS)
    assert {line.day: line.verdict for line in lines} == {round_day.day: "different", fine_day.day: "equal"}
    assert {line.decimals for line in lines} == {9}


def test_no_report_is_taken_for_coarser_than_cents() -> None:
    assert _only(book_day(0, 400_000_000, 0, decimals=0)).verdict == "different"


def test_another_products_decimals_say_nothing() -> None:
    days = [book_day(0, 15_400_000, 15_000_000, decimals=3), book_day(0, 1, 1, record_type="amd")]
    assert {line.verdict for line in judge(days, UNASKED, TERMS)} == {"equal"}


def test_currencies_are_compared_each_for_itself() -> None:
    days = [book_day(0, CENT, CENT), book_day(0, CENT, 2 * CENT, currency="EUR")]
    verdicts = {line.book.currency: line.verdict for line in judge(days, UNASKED, TERMS)}
    assert verdicts == {"USD": "equal", "EUR": "different"}


@pytest.mark.parametrize(
    ("now", "reported_at", "open_count", "reason"),
    [
        (FIRST, LATER, 0, "the day is not over yet"),
        (FIRST + timedelta(days=1), LATER, 0, "may still come until 2026-11-22T00:00:00Z"),
        (LATER, LATER, 2, "calls and messages of this day that still wait for such a record: 2"),
        (LATER, None, 0, "have not spoken about this day"),
        (LATER, FIRST + timedelta(days=1), 0, "last read before everything had time"),
    ],
)
def test_what_may_still_come_is_open(now: object, reported_at: object, open_count: int, reason: str) -> None:
    reported = book_day(0, CENT, 2 * CENT, open_count=open_count, reported_at=_noon(reported_at))
    day = replace(reported, reported=None) if reported_at is None else reported
    line = _only(day, terms=AuditTerms(_noon(now) or LATER, HORIZON))
    assert line.verdict == "open"
    assert reason in line.reason


def _noon(moment: object) -> datetime | None:
    if isinstance(moment, datetime) or moment is None:
        return moment
    return datetime.fromisoformat(f"{moment}T12:00:00+00:00")


def test_a_difference_that_nothing_excuses() -> None:
    line = _only(book_day(0, 15_000_000, 21_000_000))
    assert line.verdict == "different"
    assert line.reason == "the book has 0.006 USD less than usage_reports"


def test_a_day_that_nobody_has_read_in_full_is_open_until_it_is_read_or_cannot_be() -> None:
    day = book_day(0, 15_000_000, 21_000_000, is_complete=False)
    line = _only(day)
    assert (line.verdict, line.is_unread) == ("open", True)
    assert line.reason == (
        "the book has 0.006 USD less than usage_reports; "
        "the detail records of the whole day have not been read yet"
    )
    [reread] = judge([day], Readings(never, always), TERMS)
    [refused] = judge([day], Readings(never, never, ("sip-trunking",)), TERMS)
    [gone] = judge([day], UNASKED, AuditTerms(LATER + timedelta(days=30), HORIZON))
    assert {line.verdict for line in (reread, refused, gone)} == {"different"}


def test_a_day_of_which_the_report_has_no_row() -> None:
    [line] = judge([book_day(0, CENT)], ASKED, TERMS)
    assert line.verdict == "different"
    assert line.reason == "the book has 0.01 USD, and usage_reports have no readable row for this day"
    [free] = judge([book_day(0, 0)], ASKED, TERMS)
    assert free.verdict == "equal"


def test_what_moved_over_midnight() -> None:
    assert _verdicts(book_day(0, CENT, 0), book_day(1, CENT, 2 * CENT)) == ["day_boundary"] * 2
    [line, _] = judge([book_day(0, CENT, 0), book_day(1, CENT, 2 * CENT)], UNASKED, TERMS)
    assert (
        line.reason
        == "the difference cancels with that of 2026-11-21: Telnyx counts a record for the other day"
    )


def test_a_difference_pairs_with_one_neighbour_only() -> None:
    days = [book_day(0, CENT, 0), book_day(1, 0, CENT), book_day(2, CENT, 0)]
    assert _verdicts(*days) == ["day_boundary", "day_boundary", "different"]


def test_days_apart_do_not_pair() -> None:
    assert _verdicts(book_day(0, CENT, 0), book_day(2, 0, CENT)) == ["different", "different"]


def test_types_do_not_pair() -> None:
    days = [book_day(0, CENT, 0), book_day(1, 0, CENT, record_type="amd")]
    assert _verdicts(*days) == ["different", "different"]


def test_a_product_of_no_known_type() -> None:
    line = _only(book_day(0, 0, CENT, record_type="usage:number-lookup"))
    assert (line.verdict, line.record_type, line.product) == ("not_read", "", "number-lookup")
    assert "no record type" in line.reason


@pytest.mark.parametrize(
    "day",
    [
        book_day(0, 0, 0, record_type="usage:number-lookup"),
        book_day(0, 0, record_type="conference"),
        replace(book_day(0, 0, 0), record_count=0),
        replace(book_day(0, 0), record_count=0),
    ],
)
def test_where_there_is_no_money_there_is_no_line(day: BookDay) -> None:
    assert judge([day], UNASKED, TERMS) == []


amounts = st.integers(-20, 20).map(lambda cents: cents * CENT)
weeks = st.lists(st.tuples(amounts, st.none() | amounts), min_size=1, max_size=7)


def _week(rows: list[tuple[int, int | None]], sign: int = 1) -> list[BookDay]:
    return [
        book_day(offset, sign * book, None if reported is None else sign * reported, decimals=2)
        for offset, (book, reported) in enumerate(rows)
    ]


@given(weeks)
def test_more_and_less_are_judged_alike(rows: list[tuple[int, int | None]]) -> None:
    assert _verdicts(*_week(rows)) == _verdicts(*_week(rows, -1))


@given(weeks.flatmap(lambda rows: st.tuples(st.just(_week(rows)), st.permutations(_week(rows)))))
def test_the_order_of_days_does_not_matter(orders: tuple[list[BookDay], list[BookDay]]) -> None:
    days, shuffled = orders
    assert _verdicts(*days) == _verdicts(*shuffled)


@given(weeks)
def test_days_at_a_boundary_come_in_pairs_that_cancel(rows: list[tuple[int, int | None]]) -> None:
    lines = sorted(judge(_week(rows), UNASKED, TERMS), key=lambda line: line.day)
    paired = [line for line in lines if line.verdict == "day_boundary"]
    assert len(paired) % 2 == 0
    for one, other in zip(paired[::2], paired[1::2], strict=True):
        assert other.day - one.day == timedelta(days=1)
        assert (one.difference_nanos or 0) + (other.difference_nanos or 0) == 0
        assert one.difference_nanos != 0


@given(weeks)
def test_lines_add_up_to_the_totals(rows: list[tuple[int, int | None]]) -> None:
    lines = judge([*_week(rows), book_day(0, CENT, CENT, currency="EUR")], UNASKED, TERMS)
    euro, dollar = AuditResult(tuple(lines)).totals
    assert (euro.currency, euro.book_nanos, euro.counts) == ("EUR", CENT, {"equal": 1})
    assert dollar.book_nanos == sum(book for book, _ in rows)
    assert dollar.reported_nanos == sum(reported or 0 for _, reported in rows)
    assert dollar.difference_nanos == sum(book - reported for book, reported in rows if reported is not None)
    assert sum(dollar.counts.values()) == len(rows)
