"""How fast work goes, and how long it will still take."""

import pytest

from services.cli.pace import Pace, duration


def test_nothing_is_told_too_early_or_before_anything_is_done() -> None:
    assert Pace(100.0).told(worked=5, left=5, now_s=102.0) == ""
    assert Pace(100.0).told(worked=0, left=5, now_s=900.0) == ""


def test_rate_and_remaining_time() -> None:
    assert Pace(100.0).told(worked=30, left=90, now_s=160.0) == ", 30 a minute, about 3 min left"
    assert Pace(0.0).told(worked=1, left=1, now_s=240.0) == ", 0.2 a minute, about 4 min left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "1 h"),
        (3_660, "1 h 1 min"),
        (7_200, "2 h"),
        (86_400, "1 d"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
