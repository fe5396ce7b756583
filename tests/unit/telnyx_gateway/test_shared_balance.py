"""One balance for everybody who asks."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from services.common.errors import TelnyxUnreachable
from services.common.money import Money
from services.telnyx_gateway.balance import Balance
from services.telnyx_gateway.shared_balance import FAILURE_KEPT_S, BalanceReading, SharedBalance
from tests.support.clocks import ManualClock

DOWN = TelnyxUnreachable("Telnyx cannot be reached")


def balance_of(units: int) -> Balance:
    money = Money("USD", units * 10**9)
    return Balance(money, Money("USD", 0), Money("USD", 0), money)


class Telnyx:
    """Answers each request with the next balance, or the fault if there is one, once `answers` is set."""

    def __init__(self) -> None:
        self.request_count = 0
        self.fault: Exception | None = None
        self.was_asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    async def ask(self) -> Balance:
        self.request_count += 1
        self.was_asked.set()
        count = self.request_count
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return balance_of(count)


class World:
    """The clock, Telnyx, and what shares its balance."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.telnyx = Telnyx()
        self.shared = SharedBalance(self.telnyx.ask, self.clock)

    async def units(self, max_age_s: float) -> int:
        return (await self.shared.read(max_age_s)).balance.balance.nanos // 10**9

    async def ask_together(self, ages_s: Sequence[float]) -> list[asyncio.Task[BalanceReading]]:
        """Ask while Telnyx does not answer yet; all of them wait when this returns."""
        self.telnyx.answers.clear()
        tasks = [asyncio.create_task(self.shared.read(age_s)) for age_s in ages_s]
        # Tasks start in the order they were made: when the request is at Telnyx, all of them wait for it.
        await self.telnyx.was_asked.wait()
        return tasks


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.shared.close()


async def test_an_answer_serves_as_long_as_it_is_young_enough(world: World) -> None:
    first = await world.shared.read(30)
    world.clock.advance(30)
    assert await world.shared.read(30) is first
    assert world.telnyx.request_count == 1
    world.clock.advance(0.001)
    again = await world.shared.read(30)
    assert (again.balance, again.read_at) == (balance_of(2), world.clock.now())


async def test_each_asker_has_a_limit_of_its_own(world: World) -> None:
    assert await world.units(30) == 1
    world.clock.advance(10)
    assert await world.units(30) == 1
    assert await world.units(5) == 2
    assert await world.units(30) == 2


async def test_who_wants_it_afresh_asks_telnyx(world: World) -> None:
    assert [await world.units(0) for _ in range(3)] == [1, 2, 3]


async def test_an_answer_that_was_asked_for_afresh_serves_the_others_too(world: World) -> None:
    assert await world.units(0) == 1
    assert await world.units(30) == 1


async def test_all_who_ask_at_once_share_one_request(world: World) -> None:
    waiting = await world.ask_together([0, 30, 30, 0, 5] * 20)
    world.telnyx.answers.set()
    readings = await asyncio.gather(*waiting)
    assert {reading.balance for reading in readings} == {balance_of(1)}
    assert world.telnyx.request_count == 1


async def test_all_who_ask_at_once_share_one_failure(world: World) -> None:
    world.telnyx.fault = DOWN
    waiting = await world.ask_together([0, 30] * 20)
    world.telnyx.answers.set()
    assert await asyncio.gather(*waiting, return_exceptions=True) == [DOWN] * 40
    assert world.telnyx.request_count == 1


async def test_who_gives_up_takes_nothing_from_the_others(world: World) -> None:
    impatient, patient = await world.ask_together([30, 30])
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    world.telnyx.answers.set()
    assert (await patient).balance == balance_of(1)
    assert world.telnyx.request_count == 1


async def test_a_failure_nobody_waits_for_any_more_is_no_noise(world: World) -> None:
    """An exception that is never retrieved would fail this test, as warnings are errors."""
    world.telnyx.fault = DOWN
    [asker] = await world.ask_together([30])
    asker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asker
    world.telnyx.answers.set()
    with pytest.raises(TelnyxUnreachable):
        await world.shared.read(30)
    assert world.telnyx.request_count == 1


async def test_a_failure_stands_for_a_second_and_no_longer(world: World) -> None:
    world.telnyx.fault = DOWN
    for _ in range(5):
        with pytest.raises(TelnyxUnreachable):
            await world.shared.read(30)
    assert world.telnyx.request_count == 1
    world.telnyx.fault = None
    world.clock.advance(FAILURE_KEPT_S)
    assert await world.units(30) == 2


async def test_who_wants_it_afresh_is_not_told_of_an_old_failure(world: World) -> None:
    world.telnyx.fault = DOWN
    with pytest.raises(TelnyxUnreachable):
        await world.shared.read(0)
    world.telnyx.fault = None
    assert await world.units(0) == 2
    assert await world.units(30) == 2


async def test_a_failure_does_not_spoil_an_answer_that_is_young_enough(world: World) -> None:
    assert await world.units(0) == 1
    world.clock.advance(5)
    world.telnyx.fault = DOWN
    with pytest.raises(TelnyxUnreachable):
        await world.shared.read(0)
    assert await world.units(30) == 1


async def test_an_old_answer_never_stands_in_for_a_failure(world: World) -> None:
    assert await world.units(30) == 1
    world.clock.advance(31)
    world.telnyx.fault = DOWN
    with pytest.raises(TelnyxUnreachable):
        await world.shared.read(30)


async def test_closing_gives_up_what_is_under_way(world: World) -> None:
    [asker] = await world.ask_together([30])
    await world.shared.close()
    with pytest.raises(asyncio.CancelledError):
        await asker
    world.telnyx.answers.set()
    assert await world.units(30) == 2
