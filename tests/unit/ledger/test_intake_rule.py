"""What becomes of a batch of webhook events, and how fast what was taken in is booked."""

import pytest

from services.ledger.intake.admission_rule import (
    IntakeLimits,
    Load,
    Verdict,
    decide,
    has_room,
    is_booked_at_once,
)
from services.ledger.intake.booking_pace import pause_s

LIMITS = IntakeLimits(
    at_once_events=16, at_once_calls=2, waiting_events=100, waiting_bytes=1000, waiting_calls=1
)
IDLE = Load()


@pytest.mark.parametrize(
    ("event_count", "load", "expected"),
    [
        (16, IDLE, True),
        (17, IDLE, False),
        (1, Load(waiting_events=1), False),
        (1, Load(waiting_calls=1), False),
        (1, Load(at_once_calls=1), True),
        (1, Load(at_once_calls=2), False),
    ],
)
def test_a_small_batch_is_booked_at_once_while_nothing_waits(
    event_count: int, load: Load, expected: bool
) -> None:
    assert is_booked_at_once(event_count, load, LIMITS) is expected


@pytest.mark.parametrize(
    ("event_count", "byte_count", "load", "expected"),
    [
        (60, 100, Load(waiting_events=40, waiting_bytes=900), True),
        (61, 100, Load(waiting_events=40, waiting_bytes=900), False),
        (60, 101, Load(waiting_events=40, waiting_bytes=900), False),
    ],
)
def test_events_and_bytes_are_bounded(event_count: int, byte_count: int, load: Load, expected: bool) -> None:
    assert has_room(event_count, byte_count, load, LIMITS) is expected


def test_what_is_larger_than_all_room_comes_in_alone() -> None:
    assert has_room(101, 1001, IDLE, LIMITS)
    assert not has_room(101, 1001, Load(waiting_events=1, waiting_bytes=1), LIMITS)


@pytest.mark.parametrize(
    ("event_count", "load", "expected"),
    [
        (100, IDLE, Verdict.TAKE_IN),
        (50, Load(waiting_events=50), Verdict.TAKE_IN),
        (51, Load(waiting_events=50), Verdict.WAIT),
        (51, Load(waiting_events=50, waiting_calls=1), Verdict.REFUSE),
        (1, Load(waiting_events=50, waiting_calls=1), Verdict.REFUSE),
    ],
)
def test_a_batch_waits_for_room_behind_those_that_came_before(
    event_count: int, load: Load, expected: Verdict
) -> None:
    assert decide(event_count, 10, load, LIMITS) is expected


@pytest.mark.parametrize(
    ("booking_s", "idle_s", "oldest_s", "expected"),
    [
        (0.1, 0.0, 0.0, 0.1),
        (0.1, 0.24, 0.99, 0.1),
        (0.1, 0.0, 1.0, 0.0),
        (0.1, 0.25, 0.0, 0.0),
        (30.0, 0.0, 0.0, 1.0),
    ],
)
def test_bookings_take_half_of_the_time_while_events_stream_in_and_none_waits_long(
    booking_s: float, idle_s: float, oldest_s: float, expected: float
) -> None:
    assert pause_s(booking_s, idle_s, oldest_s) == expected
