"""How fast work may go."""

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


def test_densities_come_from_the_last_telling_window() -> None:
    densities = Densities()
    assert densities.rows_per_s("amd") == UNKNOWN_ROWS_PER_S
    densities.note("amd", window(0, 1_000), 100)
    assert densities.rows_per_s("amd") == 0.1
    densities.note("amd", window(0, 10), 1)
    assert densities.rows_per_s("amd") == 0.1
    densities.note("amd", window(0, 10), 600)
    assert densities.rows_per_s("amd") == 1.0
    densities.note("amd", window(0, 86_400), 0)
    assert 0 < densities.rows_per_s("amd") <= 1 / 86_400
