"""Whoever waits too long hears of it, once; whoever was in time never does."""

import asyncio

import pytest

from gateway.bodies import BodyReader
from gateway.deadlines import Deadlines
from tests.support.waiting import until


async def test_who_is_late_is_called_once_and_in_order() -> None:
    deadlines = Deadlines(0.001)
    called: list[str] = []
    keys = [deadlines.start(lambda name=name: called.append(name)) for name in "abc"]  # type: ignore[misc]
    deadlines.stop(keys[1])
    await until(lambda: len(called) == 2)
    for key in keys:
        deadlines.stop(key)
    late = deadlines.start(lambda: called.append("d"))
    await until(lambda: len(called) == 3)
    deadlines.stop(late)
    assert called == ["a", "c", "d"]


async def test_who_is_in_time_is_not_called() -> None:
    deadlines = Deadlines(3600)
    called: list[str] = []
    deadlines.stop(deadlines.start(lambda: called.append("a")))
    assert deadlines.longest_wait_s == 0
    key = deadlines.start(lambda: called.append("b"))
    await until(lambda: deadlines.longest_wait_s > 0)
    deadlines.stop(key)
    assert deadlines.longest_wait_s == 0
    assert called == []


async def test_one_who_waits_while_another_is_late_gets_its_own_time() -> None:
    deadlines = Deadlines(0.001)
    called: list[str] = []

    def go_on() -> None:
        called.append("first")
        deadlines.start(lambda: called.append("second"))

    deadlines.start(go_on)
    await until(lambda: called == ["first", "second"])


async def test_one_who_is_late_may_stop_another() -> None:
    deadlines = Deadlines(0.001)
    called: list[str] = []
    deadlines.start(lambda: deadlines.stop(second))
    second = deadlines.start(lambda: called.append("second"))
    deadlines.start(lambda: called.append("third"))
    await until(lambda: bool(called))
    assert called == ["third"]


async def test_reading_that_is_cancelled_from_outside_stays_cancelled() -> None:
    async def never() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    reading = asyncio.create_task(BodyReader(10).read(never))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
