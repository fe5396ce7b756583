"""Failpoints: what can be asked for, and what a place then does. Killing and freezing are seen on real processes."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from services.common.failpoints import Failpoint, arm_failpoints

PLACE = Failpoint("test.place.reached")
OTHER = Failpoint("test.place.passed")


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm_failpoints("")


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that this process would have sent to itself."""
    sent: list[int] = []

    def send(pid: int, number: int) -> None:
        assert pid == os.getpid()
        sent.append(number)

    monkeypatch.setattr(os, "kill", send)
    return sent


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have slept, each time."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_nothing_happens_unless_asked_for(signals: list[int], naps: list[float]) -> None:
    arm_failpoints("")
    PLACE.reached()
    arm_failpoints("test.place.passed=kill")
    PLACE.reached()
    assert (signals, naps) == ([], [])


def test_kill_is_sigkill(signals: list[int]) -> None:
    arm_failpoints("test.place.reached=kill")
    PLACE.reached()
    assert signals == [signal.SIGKILL]


def test_the_third_time(signals: list[int]) -> None:
    arm_failpoints("test.place.reached=kill@3")
    for _ in range(2):
        PLACE.reached()
        OTHER.reached()
    assert signals == []
    PLACE.reached()
    assert signals == [signal.SIGKILL]


def test_who_is_frozen_is_frozen_once(signals: list[int]) -> None:
    arm_failpoints("test.place.reached=freeze@2")
    for _ in range(4):
        PLACE.reached()
    assert signals == [signal.SIGSTOP]


def test_a_delay_is_there_each_time_from_then_on(naps: list[float]) -> None:
    arm_failpoints("test.place.reached=delay:0.25@2")
    for _ in range(3):
        PLACE.reached()
    assert naps == [0.25, 0.25]


def test_several_places_at_once(signals: list[int], naps: list[float]) -> None:
    arm_failpoints(" test.place.reached=freeze , test.place.passed=delay:12.5,")
    PLACE.reached()
    OTHER.reached()
    assert (signals, naps) == ([signal.SIGSTOP], [12.5])


def test_what_is_asked_for_replaces_what_was(signals: list[int]) -> None:
    arm_failpoints("test.place.reached=kill")
    arm_failpoints("test.place.passed=kill")
    PLACE.reached()
    assert signals == []


@pytest.mark.parametrize(
    "text",
    [
        "test.place.reached",
        "test.place.reached=",
        "test.place.reached=explode",
        "test.place.reached=kill:1",
        "test.place.reached=freeze:1",
        "test.place.reached=delay",
        "test.place.reached=delay:",
        "test.place.reached=delay:-1",
        "test.place.reached=delay:1000",
        "test.place.reached=kill@",
        "test.place.reached=kill@x",
        "test.place.reached=kill;test.place.passed=kill",
        "=kill",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"FAILPOINTS: .* is none of"):
        arm_failpoints(text)


def test_an_unknown_place_is_refused_and_the_known_are_named(signals: list[int]) -> None:
    with pytest.raises(ValueError, match=r"no place 'test.place.missed'.*'test.place.reached'"):
        arm_failpoints("test.place.reached=kill,test.place.missed=kill")
    PLACE.reached()
    assert signals == [], "half of a request was carried out"


def test_a_name_is_one_place() -> None:
    with pytest.raises(ValueError, match=r"two failpoints named test\.place\.reached"):
        Failpoint("test.place.reached")
