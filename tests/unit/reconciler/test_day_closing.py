"""Which days can be closed, by what, and whether costs agree."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.money import Money
from services.reconciler.audit.book_days import BookDay, day_window
from services.reconciler.day_closing import (
    CLOSING_MARGIN,
    awaits_its_day,
    closes_at,
    closing_window,
    costs_agree,
    days_closed_by,
    days_to_close,
)
from services.reconciler.sweep import Sweep, Verdict
from services.reconciler.windows import Window
from tests.unit.reconciler.moments import NOON, after

HORIZON = timedelta(hours=24)
TODAY = NOON.date()
DAY = timedelta(days=1)


def _sweep(window: Window, read_s: float, verdict: Verdict = "complete") -> Sweep:
    return Sweep(record_type="amd", window=window, read_at=after(read_s), total_results=1, verdict=verdict)


@given(start_s=st.integers(0, 86_399), length_s=st.integers(0, 6 * 3_600))
def test_a_day_closes_what_began_in_it_and_ended_within_the_hour_after_it(
    start_s: int, length_s: int
) -> None:
    start_at = day_window(TODAY).start_at + timedelta(seconds=start_s)
    call = Window(start_at, start_at + timedelta(seconds=length_s))
    is_spanned = closing_window(TODAY).spans(call.widened(CLOSING_MARGIN))
    assert is_spanned == (start_s + length_s <= 25 * 3_600)
    assert awaits_its_day(call, closed=()) == is_spanned
    assert not awaits_its_day(call, closed=(TODAY,))
    if is_spanned:
        assert closes_at(TODAY, HORIZON) >= call.end_at + HORIZON


def test_a_day_is_closed_by_a_late_complete_sweep_that_spans_it_with_its_margins() -> None:
    yesterday = TODAY - 3 * DAY
    whole, late_s = closing_window(yesterday), 0.0
    assert days_closed_by(_sweep(whole, late_s), HORIZON) == {yesterday}
    assert days_closed_by(_sweep(whole, late_s, "unproven"), HORIZON) == {yesterday}
    assert days_closed_by(_sweep(whole, late_s, "different"), HORIZON) == set()
    assert days_closed_by(_sweep(day_window(yesterday), late_s), HORIZON) == set()
    early = Sweep(
        record_type="amd",
        window=whole,
        read_at=closes_at(yesterday, HORIZON) - timedelta(seconds=1),
        total_results=1,
        verdict="complete",
    )
    assert days_closed_by(early, HORIZON) == set()


def test_one_window_over_quiet_weeks_closes_every_day_within() -> None:
    weeks = Window(NOON - 20 * DAY, NOON - 2 * DAY)
    closed = days_closed_by(_sweep(weeks, 0), HORIZON)
    assert closed == {TODAY - offset * DAY for offset in range(3, 20)}


def test_days_are_closed_from_the_first_on_once_the_horizon_has_passed() -> None:
    first = TODAY - 4 * DAY
    now = closes_at(TODAY - 2 * DAY, HORIZON)
    assert days_to_close(first, (), now, HORIZON) == [first, first + DAY, first + 2 * DAY]
    assert days_to_close(first, (first + DAY,), now, HORIZON) == [first, first + 2 * DAY]
    assert days_to_close(first, (), now - timedelta(seconds=1), HORIZON) == [first, first + DAY]


def _book(
    nanos: int, reported: int | None, decimals: int = 9, unreadable: int = 0, day: date = TODAY
) -> BookDay:
    return BookDay(
        record_type="amd",
        day=day,
        book=Money("USD", nanos),
        record_count=1,
        unreadable_count=unreadable,
        reported=None if reported is None else Money("USD", reported),
        reported_decimals=decimals,
    )


@pytest.mark.parametrize(
    ("one", "agrees"),
    [
        (_book(5_000_000, 5_000_000), True),
        (_book(5_000_000, 5_000_001), False),
        (_book(5_100_000, 10_000_000, decimals=2), True),
        (_book(1_500_000_000, 1_500_000_000, decimals=1), True),
        (_book(1_540_000_000, 1_500_000_000, decimals=1), False),
        (_book(5_000_000, None), False),
        (_book(0, None), True),
        (_book(5_000_000, 5_000_000, unreadable=1), False),
    ],
    ids=["equal", "a nano", "rounded", "trailing zeros", "coarse", "no word", "no money", "unreadable"],
)
def test_costs_agree_at_the_decimals_of_the_report(one: BookDay, agrees: bool) -> None:
    elsewhere = [_book(1, 2, day=TODAY - DAY)]
    assert costs_agree([one, *elsewhere], "amd", TODAY) is agrees
    assert costs_agree([one], "recording", TODAY)
