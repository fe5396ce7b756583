"""Who leads, when several pieces of work ask at once."""

import asyncio
from datetime import timedelta

import pytest

from services.common.errors import Unavailable
from services.reconciler.leadership import RENEW_EVERY_S, Leadership
from services.reconciler.leases import LeaseStore
from tests.support.clocks import ManualClock


class SlowLeases(LeaseStore):
    """A lease that is always ours, once the database has answered."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.fault: Unavailable | None = None

    async def hold(self, name: str, lease: timedelta) -> bool:
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return True

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
