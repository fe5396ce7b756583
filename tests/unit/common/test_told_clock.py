"""Clocks that are told the time: steps of the machine's own have no effect, and small differences do not matter."""

from datetime import UTC, datetime, timedelta

import pytest

from services.common.told_clock import TOLERANCE, LateClock, ToldClock

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class SteppingClock:
    """A machine's clock that can step."""

    def __init__(self) -> None:
        self.off = timedelta()
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.elapsed_s) + self.off

    def monotonic_s(self) -> float:
        return self.elapsed_s


@pytest.fixture
def own() -> SteppingClock:
    return SteppingClock()


@pytest.mark.parametrize("step", [DAY, -DAY, 400 * DAY])
def test_a_step_has_no_effect_once_the_time_was_told(own: SteppingClock, step: timedelta) -> None:
    clock = ToldClock(own)
    clock.told(own.now())
    own.off = step
    own.elapsed_s = 600
    assert clock.now() == NOON + 600 * SECOND
    own.off = timedelta()
    assert clock.now() == own.now()


def test_before_anything_is_told_the_machines_clock_is_all_there_is(own: SteppingClock) -> None:
    own.off = -DAY
    clock = ToldClock(own)
    assert clock.now() == NOON - DAY
    clock.told(NOON)
    assert clock.now() == NOON


def test_small_differences_do_not_matter(own: SteppingClock) -> None:
    clock = ToldClock(own)
    clock.told(NOON - TOLERANCE)
    assert clock.now() == NOON
    clock.told(NOON - TOLERANCE - SECOND)
    assert clock.now() == NOON - TOLERANCE - SECOND


def test_a_sleep_of_the_machine_is_over_with_the_next_word(own: SteppingClock) -> None:
    """Monotonic time stands still while a machine sleeps."""
    clock = ToldClock(own)
    clock.told(NOON)
    own.off = DAY
    assert clock.now() == NOON
    clock.told(NOON + DAY)
    assert clock.now() == own.now()


def test_the_log_is_told_once(own: SteppingClock, capsys: pytest.CaptureFixture[str]) -> None:
    clock = ToldClock(own)
    own.off = DAY
    for _ in range(3):
        clock.told(NOON)
    own.off = timedelta()
    for _ in range(3):
        clock.told(NOON)
    told = capsys.readouterr().out
    assert told.count("clock.off") == told.count("clock.right") == 1
    assert "86400 s ahead of Telnyx's" in told


def test_a_clock_that_fell_behind_goes_on_from_what_was_seen(own: SteppingClock) -> None:
    clock = LateClock(own)
    own.off = -DAY
    clock.seen(NOON)
    own.elapsed_s = 60
    assert clock.now() == NOON + 60 * SECOND
    clock.seen(NOON - DAY)
    assert clock.now() == NOON + 60 * SECOND
    own.off = timedelta()
    assert clock.now() == own.now()


def test_what_was_seen_earlier_changes_nothing_and_what_is_far_ahead_neither(own: SteppingClock) -> None:
    clock = LateClock(own)
    for moment in (NOON - DAY, NOON, NOON + 3 * DAY, NOON + 400 * DAY):
        clock.seen(moment)
        assert clock.now() == NOON
    clock.seen(NOON + DAY)
    assert clock.now() == NOON + DAY
    assert clock.monotonic_s() == 0
