"""The balance as a line in steps, and its figures by day."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.balance.balance_chart import balance_chart
from gateway.pages.balance.balance_line import ACROSS, PLOT_HEIGHT_PX, Reading, draw_balance
from gateway.pages.balance.burn import burn_view, length_words
from gateway.pages.periods import Period
from services.common.money import Money

START = datetime(2026, 11, 1, tzinfo=UTC)
PERIOD = Period(START, START + timedelta(days=10))
HEIGHT = PLOT_HEIGHT_PX * 100


def reading(hours: float, nanos: int) -> Reading:
    return Reading(START + timedelta(hours=hours), nanos)


def test_a_balance_stays_until_it_is_read_again() -> None:
    line = draw_balance([reading(0, 10 * 10**9), reading(120, 5 * 10**9), reading(240, 0)], PERIOD)
    assert line.path == f"M0 0h0H5000V{HEIGHT // 2}H10000V{HEIGHT}"
    assert line.area == f"M0 {HEIGHT}V0H5000V{HEIGHT // 2}H10000V{HEIGHT}V{HEIGHT}Z"


def test_below_nothing_the_area_hangs_from_the_line_of_nothing() -> None:
    line = draw_balance([reading(0, 10**9), reading(24, -(10**9))], PERIOD)
    assert line.axis.bottom == -(10**9)
    assert line.area.startswith(f"M0 {HEIGHT // 2}V0")
    assert line.area.endswith(f"V{HEIGHT}V{HEIGHT // 2}Z")


@given(
    st.lists(st.tuples(st.integers(0, 240), st.integers(-(10**13), 10**13)), min_size=1, max_size=40).map(
        sorted
    )
)
def test_every_place_is_within_the_plot(points: list[tuple[int, int]]) -> None:
    line = draw_balance([reading(hours, nanos) for hours, nanos in points], PERIOD)
    xs = [int(x) for x in re.findall(r"H(\d+)", line.path)]
    ys = [int(y) for y in re.findall(r"V(-?\d+)", line.path)]
    assert len(xs) == len(ys) == len(points) - 1
    assert xs == sorted(xs)
    assert all(0 <= x <= ACROSS for x in xs)
    assert all(0 <= y <= HEIGHT for y in ys)
    assert line.ticks[0].y == "0.00"
    assert line.ticks[-1].y == f"{PLOT_HEIGHT_PX}.00"


def test_the_figures_of_a_day() -> None:
    readings = [reading(1, 5), reading(2, 9), reading(3, 2), reading(20, 4), reading(30, 8)]
    chart = balance_chart(readings, PERIOD, "EUR")
    assert chart is not None
    second, first = chart.days
    assert (first.day, second.day) == (date(2026, 11, 1), date(2026, 11, 2))
    assert [each.nanos for each in (first.first, first.lowest, first.highest, first.last)] == [5, 2, 9, 4]
    assert second.first == second.last == Money("EUR", 8)
    assert (chart.lowest, chart.highest) == (Money("EUR", 2), Money("EUR", 9))


def test_what_was_before_the_first_reading_takes_no_room() -> None:
    chart = balance_chart([reading(216, 10**9), reading(228, 2 * 10**9)], PERIOD, "USD")
    assert chart is not None
    assert chart.line.path == f"M0 {HEIGHT // 2}h0H5000V0"
    assert [label.text for label in chart.labels] == ["10 Nov"]


def test_a_single_reading_is_a_dot() -> None:
    chart = balance_chart([reading(240, 10**9)], PERIOD, "USD")
    assert chart is not None
    assert chart.line.path == "M0 0h0"


def test_without_a_reading_there_is_nothing_to_draw() -> None:
    assert balance_chart([], PERIOD, "USD") is None


def test_labels_stay_within_the_plot() -> None:
    chart = balance_chart([reading(0, 1), reading(239, 1)], PERIOD, "USD")
    assert chart is not None
    assert [(label.text, label.anchor) for label in chart.labels] == [
        ("1 Nov", "start"),
        ("3 Nov", "start"),
        ("5 Nov", "start"),
        ("7 Nov", "start"),
        ("9 Nov", "start"),
    ]
    longer = Period(START, START + timedelta(days=31))
    chart = balance_chart([reading(0, 1)], longer, "USD")
    assert chart is not None
    assert chart.labels[-1].anchor == "end"


@pytest.mark.parametrize(
    ("length_s", "words"),
    [
        (-5, "less than an hour"),
        (3_599, "less than an hour"),
        (3_600, "1 hour"),
        (7_199, "1 hour"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
        (259_199, "2 days"),
        (86_400 * 1_234, "1,234 days"),
    ],
)
def test_lengths_are_cut_off_never_rounded_up(length_s: int, words: str) -> None:
    assert length_words(length_s) == words


@pytest.mark.parametrize(
    ("left_s", "left", "is_short"),
    [
        (None, "", False),
        (0, "less than an hour", True),
        (7 * 86_400 - 1, "6 days", True),
        (7 * 86_400, "7 days", False),
    ],
)
def test_less_than_a_week_is_short(left_s: int | None, left: str, is_short: bool) -> None:
    view = burn_view(Money("USD", 1), 86_400, left_s)
    assert (view.left, view.is_short, view.observed) == (left, is_short, "24 hours")
