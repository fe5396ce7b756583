"""Time in the simulation."""

import asyncio
from datetime import timedelta

import pytest

from tests.simulation.virtual_loop import START, NothingLeftToHappen, VirtualClock, run_virtually


def test_a_year_of_sleep_takes_no_time_and_ends_on_time() -> None:
    async def sleep() -> timedelta:
        clock = VirtualClock(asyncio.get_running_loop())
        await asyncio.sleep(365 * 86_400)
        return clock.now() - START

    assert run_virtually(sleep()) == timedelta(days=365)


def test_sleepers_wake_in_order_of_their_time() -> None:
    woken: list[float] = []

    async def sleeper(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        woken.append(delay_s)

    async def main() -> None:
        await asyncio.gather(*map(sleeper, (3.0, 1.0, 2.0)))

    run_virtually(main())
    assert woken == [1.0, 2.0, 3.0]


def test_a_timeout_comes_at_its_time() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(31)
        return loop.time()

    assert run_virtually(main()) == pytest.approx(30)


def test_waiting_for_what_never_comes_is_an_error() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeftToHappen):
        run_virtually(main())
