"""Alarms: said once, shown until they are over."""

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.common.alarms import Alarm, raised_alarms

ALARM = Alarm("test_alarm", "Do something.")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    ALARM.ended()


def _gauge() -> float | None:
    return REGISTRY.get_sample_value("tollbook_alarm", {"name": "test_alarm"})


def test_nothing_is_raised_by_itself() -> None:
    assert raised_alarms() == []
    assert _gauge() == 0


def test_a_raised_alarm_is_told_until_it_ends() -> None:
    ALARM.raised("It is broken.")
    [told] = raised_alarms()
    assert (told.name, told.finding, told.advice) == ("test_alarm", "It is broken.", "Do something.")
    assert _gauge() == 1
    ALARM.ended()
    assert raised_alarms() == []
    assert _gauge() == 0


def test_the_log_says_it_once_and_once_that_it_is_over() -> None:
    with capture_logs() as lines:
        ALARM.ended()
        ALARM.raised("It is broken.")
        ALARM.raised("It is broken worse.")
        ALARM.ended()
        ALARM.ended()
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("alarm.raised", "error"),
        ("alarm.ended", "info"),
    ]
    assert lines[0]["message"] == "It is broken. Do something."


def test_raised_again_it_lasts_on_with_the_newest_finding() -> None:
    ALARM.raised("It is broken.")
    [first] = raised_alarms()
    ALARM.raised("It is broken worse.")
    [second] = raised_alarms()
    assert second.finding == "It is broken worse."
    assert second.age >= first.age


def test_a_name_belongs_to_one_alarm() -> None:
    with pytest.raises(ValueError, match="two alarms named test_alarm"):
        Alarm("test_alarm", "Do something else.")
