"""When a job is tried."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.schedule import Schedule
from tests.unit.reconciler.moments import NOON, after

DESIGN = Schedule((5, 30, 60, 120, 240, 480, 960))


def test_prompt_attempts_follow_the_design() -> None:
    due = [DESIGN.first_run_at(NOON)]
    attempts = 0
    while True:
        following = DESIGN.after_attempt(NOON, attempts, due[-1], due[-1])
        attempts = following.attempts
        if following.run_at is None:
            break
        due.append(following.run_at)
    seconds = [(moment - NOON).total_seconds() for moment in due]
    assert seconds == [5, 30, 90, 210, 450, 930, 1_890]
    assert attempts == 7


def test_overdue_attempts_run_as_one() -> None:
    following = DESIGN.after_attempt(NOON, 0, after(5), after(600))
    assert following.attempts == 5
    assert following.run_at == after(600 + 480)


def test_the_last_attempt_is_never_run_as_another() -> None:
    following = DESIGN.after_attempt(NOON, 0, after(5), after(86_400))
    assert following.attempts == 6
    assert following.run_at == after(86_400 + 960)
    assert Schedule((5, 30)).after_attempt(NOON, 0, after(5), after(600)).run_at is None


def test_a_wait_counts_from_the_attempt_before() -> None:
    assert DESIGN.after_attempt(NOON, 1, after(30), after(47)).run_at == after(47 + 60)


def test_after_the_last_delay_nothing_follows() -> None:
    assert DESIGN.after_attempt(NOON, 6, after(1_890), after(2_000)).run_at is None
    assert Schedule((5,)).after_attempt(NOON, 0, after(5), after(5)).run_at is None


@pytest.mark.parametrize("delays_s", [(), (0,), (5, -1)])
def test_a_schedule_without_sense_is_refused(delays_s: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="delay"):
        Schedule(delays_s)


@given(
    delays_s=st.lists(st.integers(1, 3_600), min_size=1, max_size=10),
    lateness_s=st.lists(st.integers(0, 5_000), min_size=10, max_size=10),
)
def test_however_late_attempts_run_they_end_and_move_forward(
    delays_s: list[int], lateness_s: list[int]
) -> None:
    schedule = Schedule(tuple(delays_s))
    run_at = schedule.first_run_at(NOON)
    attempts = 0
    for late_s in lateness_s:
        ran_at = run_at + timedelta(seconds=late_s)
        following = schedule.after_attempt(NOON, attempts, run_at, ran_at)
        assert attempts < following.attempts <= len(delays_s)
        attempts = following.attempts
        if following.run_at is None:
            break
        assert following.run_at > ran_at or attempts < 2
        run_at = following.run_at
    assert attempts == len(delays_s)
