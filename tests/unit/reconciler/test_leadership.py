"""Who leads, when several pieces of work ask at once."""

import asyncio
from datetime import timedelta

import pytest

from services.common.errors import Unavailable
from services.reconciler.holding import LeaseLost
from services.reconciler.leadership import LEASE, LOOK_EVERY_S, RENEW_EVERY_S, Leadership
from services.reconciler.leases import LeaseStore
from services.reconciler.repeating import PERIOD_S
from services.reconciler.rounds import LEASE as JOB_LEASE
from tests.support.clocks import ManualClock

TAKEN_OVER_WITHIN_S = 35.0
"""What docs/reliability.md promises."""


class SlowLeases(LeaseStore):
    """A lease that is ours as long as it is told so, once the database has answered."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.fault: Unavailable | None = None
        self.is_ours = True
        self.asked_count = 0

    async def hold(self, name: str, lease: timedelta) -> bool:
        self.asked_count += 1
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return self.is_ours

    async def give_up(self, name: str) -> None:
        """Nothing to do."""


async def test_while_the_lease_is_renewed_the_leader_still_leads() -> None:
    leases, clock = SlowLeases(), ManualClock()
    leadership = Leadership(leases, clock)
    assert await leadership.is_held()
    leases.answers.clear()
    renewal = asyncio.create_task(leadership.renew())
    await asyncio.sleep(0)
    assert await leadership.is_held()
    leases.answers.set()
    await renewal


async def test_who_cannot_renew_leads_no_more() -> None:
    leases, clock = SlowLeases(), ManualClock()
    leadership = Leadership(leases, clock)
    assert await leadership.is_held()
    leases.fault = Unavailable("the database does not answer")
    with pytest.raises(Unavailable):
        await leadership.renew()
    assert not await leadership.is_held()
    leases.fault = None
    clock.advance(RENEW_EVERY_S)
    assert await leadership.is_held()


async def test_a_follower_looks_often_enough_to_take_over_in_time() -> None:
    leases, clock = SlowLeases(), ManualClock()
    leases.is_ours = False
    leadership = Leadership(leases, clock)
    assert not await leadership.is_held()
    clock.advance(LOOK_EVERY_S / 2)
    assert not await leadership.is_held()
    assert leases.asked_count == 1
    leases.is_ours = True
    clock.advance(LOOK_EVERY_S / 2)
    assert await leadership.is_held()
    assert LEASE.total_seconds() + LOOK_EVERY_S + 2 * PERIOD_S < TAKEN_OVER_WITHIN_S
    assert JOB_LEASE.total_seconds() + LOOK_EVERY_S + PERIOD_S < TAKEN_OVER_WITHIN_S


async def test_a_turn_is_for_leaders() -> None:
    leases, turns = SlowLeases(), []

    async def tick() -> float:
        turns.append("turn")
        return 60.0

    leases.is_ours = False
    assert await Leadership(leases, ManualClock()).leading(tick)() == PERIOD_S
    assert turns == []
    leases.is_ours = True
    assert await Leadership(leases, ManualClock()).leading(tick)() == 60.0
    assert turns == ["turn"]


async def test_a_leader_that_was_frozen_past_its_lease_ends_its_turn_before_it_asks_anything() -> None:
    """Frozen: the clock has moved on, and not one renewal was sent."""
    leases, clock = SlowLeases(), ManualClock()
    leadership = Leadership(leases, clock)
    assert await leadership.is_held()
    clock.advance(LEASE.total_seconds())
    leases.answers.clear()
    with pytest.raises(LeaseLost):
        async with leadership.kept():
            await asyncio.sleep(LEASE.total_seconds())
    assert leases.asked_count == 1
