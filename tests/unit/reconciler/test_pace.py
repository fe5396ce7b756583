"""How fast work may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.density import UNKNOWN_ROWS_PER_S, Densities
from services.reconciler.pace import Backoff, ClosingLane, Rest
from tests.unit.reconciler.moments import window


@given(share=st.floats(0.1, 1.0), works_s=st.lists(st.floats(0.01, 100), min_size=1, max_size=20))
def test_work_takes_no_more_than_its_share_of_the_time(share: float, works_s: list[float]) -> None:
    rest = Rest(share)
    now_s = 0.0
    for took_s in works_s:
        now_s = max(now_s, rest.not_before_s) + took_s
        rest.worked(now_s, took_s)
    assert sum(works_s) <= share * rest.not_before_s * 1.000001


def test_waits_double_up_to_the_longest_and_start_anew_after_success() -> None:
    backoff = Backoff(1, 10)
    assert [backoff.failed(0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    assert not backoff.is_over(9)
    backoff.succeeded()
    assert backoff.is_over(0)
    assert backoff.failed(0, at_least_s=42) == 42


def test_a_lane_slows_down_while_the_same_items_stay_open() -> None:
    lane = ClosingLane(base_s=10, longest_s=35, rest=Rest(1.0))
    stuck = frozenset({"a", "b"})
    waits: list[float] = []
    for _ in range(4):
        lane.read(100, 0, stuck)
        waits.append(lane.not_before_s - 100)
    assert waits == [10, 20, 35, 35]
    lane.read(100, 0, frozenset({"b", "c"}))
    assert lane.not_before_s == 110
    assert not lane.is_over(109)
    assert lane.is_over(110)


def test_a_lane_rests_after_long_work() -> None:
    lane = ClosingLane(base_s=1, longest_s=4, rest=Rest(0.25))
    lane.read(100, 30, frozenset({"a"}))
    assert not lane.is_over(189)
    assert lane.is_over(190)


def test_densities_come_from_what_was_read_the_latest_counting_most() -> None:
    densities = Densities()
    assert densities.rows_per_s("amd") == UNKNOWN_ROWS_PER_S
    densities.note("amd", window(0, 1_000), 100)
    assert densities.rows_per_s("amd") == pytest.approx(0.1)
    densities.note("amd", window(0, 10), 1)
    assert densities.rows_per_s("amd") == pytest.approx(0.1, rel=0.01)
    densities.note("amd", window(0, 1_000), 0)
    assert 0.03 < densities.rows_per_s("amd") < 0.05
    densities.note("amd", window(0, 86_400), 0)
    assert 0 < densities.rows_per_s("amd") < 1.1 / 86_400


def test_one_short_window_is_not_taken_for_a_rush() -> None:
    densities = Densities()
    densities.note("amd", window(0, 10), 6)
    assert densities.rows_per_s("amd") == 0.01


@given(st.lists(st.floats(60, 86_400), min_size=1, max_size=20), st.floats(0.001, 5))
def test_where_records_lie_evenly_any_windows_tell_how_densely(
    lengths_s: list[float], rows_per_s: float
) -> None:
    densities = Densities()
    densities.note("amd", window(0, 600), round(600 * rows_per_s))
    for length_s in lengths_s:
        densities.note("amd", window(0, length_s), round(length_s * rows_per_s))
    assert densities.rows_per_s("amd") == pytest.approx(rows_per_s, rel=0.1, abs=0.01)
