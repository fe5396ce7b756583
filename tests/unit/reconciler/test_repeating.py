"""The timed loop: one bad turn ends nothing, and the log is told of changes alone."""

import asyncio

from structlog.testing import capture_logs

from services.common.errors import Unavailable
from services.reconciler.repeating import PERIOD_S, Ticker, repeated
from tests.support.clocks import ManualClock
from tests.support.waiting import until
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.moments import item


class _Work:
    def __init__(self) -> None:
        self.fault: Exception | None = None

    async def tick(self) -> float:
        if self.fault is not None:
            raise self.fault
        return PERIOD_S


async def test_failing_turns_wait_longer_and_are_logged_once() -> None:
    work, clock = _Work(), ManualClock()
    ticker = Ticker("work", work.tick, clock)
    work.fault = Unavailable("the ledger is away")
    with capture_logs() as lines:
        waits = [await ticker.turn() for _ in range(7)]
        work.fault = None
        assert await ticker.turn() == PERIOD_S
        assert await ticker.turn() == PERIOD_S
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert [line["event"] for line in lines] == ["work.failing", "work.recovered"]


async def test_a_crash_is_logged_in_full_and_the_loop_goes_on() -> None:
    work = _Work()
    ticker = Ticker("work", work.tick, ManualClock())
    work.fault = ZeroDivisionError("nobody foresaw this")
    with capture_logs() as lines:
        assert await ticker.turn() == 1
    assert [line["event"] for line in lines] == ["turn.crashed", "work.failing"]
    work.fault = None
    assert await ticker.turn() == PERIOD_S


async def test_work_beside_other_work_survives_a_fault_and_ends_with_it() -> None:
    calls: list[int] = []

    async def renew() -> None:
        calls.append(1)
        raise Unavailable("the database is away")

    with capture_logs():
        async with repeated(renew, 0.001):
            await until(lambda: len(calls) >= 2)
    ended = len(calls)
    await asyncio.sleep(0)
    assert len(calls) == ended


async def test_a_cancellation_is_not_lost_while_the_work_beside_ends() -> None:
    is_ending, may_end = asyncio.Event(), asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            is_ending.set()
            await may_end.wait()
            raise

    async def work() -> None:
        async with repeated(slow_to_end, 0.0):
            await asyncio.sleep(0.01)

    task = asyncio.create_task(work())
    await is_ending.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    may_end.set()


async def test_the_whole_loop_runs_beside_each_other_and_stops(world: World) -> None:
    world.ledger.open(item("leg", "amd", start_s=-90, end_s=-60))
    before = asyncio.all_tasks()
    async with world.reconciler.running():
        await until(lambda: len(world.ledger.sweeps) > 0 and world.ledger.full_listings > 0)
        await until(lambda: any(read.priority == "job" for read in world.telnyx.asked))
    assert asyncio.all_tasks() == before


async def test_a_loop_without_its_services_stays_alive(world: World) -> None:
    world.ledger.fault = Unavailable("the ledger is away")
    with capture_logs() as lines:
        async with world.reconciler.running():
            await until(lambda: len([line for line in lines if line["event"] == "work.failing"]) == 2)
