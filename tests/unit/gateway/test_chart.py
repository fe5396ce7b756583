"""The geometry of the chart, its axis and its series: exact amounts in, places out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.overview.chart import PLOT_HEIGHT_PX, draw
from gateway.pages.overview.ranking import Sum, rank
from gateway.pages.overview.series import series_of
from gateway.pages.overview.shares import change_of, share_of
from gateway.pages.overview.ticks import axis_for, tick_label
from services.common.money import Money

amounts = st.integers(min_value=-(10**17), max_value=10**17)
columns = st.integers(1, 4).flatmap(
    lambda layers: st.lists(st.lists(amounts, min_size=layers, max_size=layers), min_size=1, max_size=40)
)


@pytest.mark.parametrize(
    ("lowest", "highest", "step", "ticks"),
    [
        (0, 0, 1, 2),
        (0, 10, 2, 6),
        (0, 7_360_000_000, 2_000_000_000, 5),
        (0, 51_000_000, 20_000_000, 4),
        (0, 100_000_000, 20_000_000, 6),
        (-3, 4, 2, 5),
        (-5, 0, 1, 6),
    ],
)
def test_steps_are_round(lowest: int, highest: int, step: int, ticks: int) -> None:
    axis = axis_for(lowest, highest)
    assert (axis.step, len(axis.ticks)) == (step, ticks)


@given(amounts, amounts)
def test_every_amount_has_its_place_on_the_axis(lowest: int, highest: int) -> None:
    axis = axis_for(lowest, highest)
    assert axis.bottom <= min(lowest, 0) <= max(highest, 0) <= axis.top
    assert axis.bottom < axis.top
    assert 0 in axis.ticks
    assert 2 <= len(axis.ticks) <= 8
    assert str(axis.step).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("nanos", "step", "currency", "label"),
    [
        (0, 10**9, "USD", "$0.00"),
        (2_000_000_000, 10**9, "USD", "$2.00"),
        (1_234_000_000_000, 10**9, "USD", "$1,234.00"),
        (50_000_000, 10_000_000, "USD", "$0.05"),
        (-1_500_000, 500_000, "USD", "-$0.0015"),
        (3, 1, "EUR", "0.000000003 EUR"),
    ],
)
def test_labels_are_exact(nanos: int, step: int, currency: str, label: str) -> None:
    assert tick_label(nanos, step, currency) == label


@given(columns)
def test_what_is_drawn_is_what_was_given(given_columns: list[list[int]]) -> None:
    chart = draw(given_columns)
    assert len(chart.columns) == len(given_columns)
    for column, amounts_of_column in zip(chart.columns, given_columns, strict=True):
        assert {segment.series: segment.nanos for segment in column.segments} == {
            series: nanos for series, nanos in enumerate(amounts_of_column) if nanos
        }
        for segment in column.segments:
            assert Decimal(segment.height) >= 1
            assert -1 <= Decimal(segment.y) <= PLOT_HEIGHT_PX
            assert Decimal(segment.y) + Decimal(segment.height) <= PLOT_HEIGHT_PX + 1


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=6))
def test_segments_stand_on_one_another(layers: list[int]) -> None:
    """Each begins where the one below ends: within a hundredth of a pixel of its exact place."""
    (column,) = draw([layers]).columns
    axis = axis_for(0, sum(layers))
    below = 0
    for segment, nanos in zip(column.segments, layers, strict=True):
        exact_end = PLOT_HEIGHT_PX * (1 - Decimal(below) / axis.top)
        assert abs(Decimal(segment.y) + Decimal(segment.height) - exact_end) <= Decimal("0.011")
        below += nanos


def test_columns_share_the_width() -> None:
    chart = draw([[1]] * 4)
    assert [column.slot_x for column in chart.columns] == ["0.0000%", "25.0000%", "50.0000%", "75.0000%"]
    assert {column.width for column in chart.columns} == {"8.0000%"}
    assert [column.middle for column in chart.columns][:2] == ["12.5000%", "37.5000%"]


def test_negative_amounts_hang_from_the_line_of_nothing() -> None:
    chart = draw([[5, -5]])
    zero = next(tick.y for tick in chart.ticks if tick.nanos == 0)
    above, below = chart.columns[0].segments
    assert Decimal(above.y) + Decimal(above.height) == Decimal(below.y) == Decimal(zero)


def test_the_rest_is_one_unless_it_is_a_single_one() -> None:
    sums = {name: Sum(nanos, 1) for nanos, name in enumerate("abcde")}
    ranking = rank(sums, 3)
    assert [name for name, _ in ranking.top] == ["e", "d", "c"]
    assert (ranking.rest, ranking.rest_count) == (Sum(1, 2), 2)
    assert rank(sums, 4).rest_count == 0


def test_series_keep_their_colours_and_the_estimate_is_on_top() -> None:
    usual = series_of([{"call-control": 5, "estimate": 100, "tts": 7}, {"sip-trunking": 6}])
    assert [(layer.label, layer.style) for layer in usual] == [
        ("Text to speech", "s6"),
        ("SIP trunking", "s1"),
        ("Call control", "s2"),
        ("Estimate", "estimate"),
    ]


def test_many_parts_end_in_others() -> None:
    made = series_of([{f"type-{number}": number for number in range(12)}])
    assert [layer.label for layer in made] == [*(f"type-{number}" for number in range(11, 5, -1)), "Others"]
    assert len({layer.style for layer in made}) == len(made)
    assert made[-1].sum_of({"type-0": 1, "type-5": 2, "type-6": 4}) == 3


@pytest.mark.parametrize(
    ("part", "whole", "percent", "text"),
    [
        (999, 1000, "99.9", "99.9 %"),
        (999_999, 1_000_000, "99.9", "99.9 %"),
        (1000, 1000, "100", "100 %"),
        (1, 10_000, "0", "less than 0.1 %"),
        (0, 5, "0", "0 %"),
        (-5, 5, "0", "0 %"),
        (9, 5, "100", "100 %"),
    ],
)
def test_all_of_it_is_said_of_nothing_less(part: int, whole: int, percent: str, text: str) -> None:
    share = share_of(part, whole)
    assert share is not None
    assert (share.percent, share.text) == (percent, text)


def test_there_is_no_share_of_nothing() -> None:
    assert share_of(1, 0) is None
    assert share_of(1, -1) is None


@pytest.mark.parametrize(
    ("before", "after", "word", "nanos", "percent"),
    [
        (100, 125, "up", 25, "25.0 %"),
        (3, 2, "down", 1, "33.3 %"),
        (0, 5, "up", 5, ""),
        (-5, 5, "up", 10, ""),
        (7, 7, "same", 0, ""),
        (1, 5001, "up", 5000, "500,000.0 %"),
        (10**6, 10**6 + 1, "up", 1, "less than 0.1 %"),
    ],
)
def test_changes(before: int, after: int, word: str, nanos: int, percent: str) -> None:
    change = change_of(Money("USD", before), Money("USD", after))
    assert (change.word, change.amount, change.percent) == (word, Money("USD", nanos), percent)
