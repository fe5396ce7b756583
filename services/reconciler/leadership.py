"""Which of several reconcilers asks Telnyx by the clock: sweeps, attempts, daily work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog

from services.common.clock import Clock
from services.reconciler.holding import LeaseLost, holding
from services.reconciler.leases import LeaseStore
from services.reconciler.repeating import PERIOD_S, Tick

LEASE: Final = timedelta(seconds=15)
RENEW_EVERY_S: Final = 5.0
LOOK_EVERY_S: Final = 2.0
"""How often a reconciler that does not lead asks whether it does now."""

_SWEEPS: Final = "sweeps"
_log = structlog.get_logger()


class Leadership:
    """The lease on the timed work: kept while this process lives, taken over within 17 s when it does not.

    It saves requests; the book is right without it, since whatever two leaders would write commutes.
    """

    def __init__(self, leases: LeaseStore, clock: Clock) -> None:
        self._leases = leases
        self._clock = clock
        self._is_leader = False
        self._asked_at_s: float | None = None
        self._held_at_s = 0.0

    async def is_held(self) -> bool:
        """Whether the timed work is ours now. Raises Unavailable, Conflict."""
        now_s = self._clock.monotonic_s()
        every_s = RENEW_EVERY_S if self._is_leader else LOOK_EVERY_S
        if self._asked_at_s is None or now_s - self._asked_at_s >= every_s:
            await self.renew()
        return self._is_leader

    async def renew(self) -> bool:
        """Take the lease or keep it; tells whether it is ours."""
        was_leader, asked_at_s = self._is_leader, self._clock.monotonic_s()
        self._asked_at_s = asked_at_s
        try:
            # Until the answer is there, others who ask are told what held before: it still does for a while.
            self._is_leader = await self._leases.hold(_SWEEPS, LEASE)
        except BaseException:
            self._is_leader = False
            raise
        if self._is_leader:
            self._held_at_s = asked_at_s
        if self._is_leader != was_leader:
            _log.info("sweeps.taken" if self._is_leader else "sweeps.lost")
        return self._is_leader

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Go on leading while the block runs, which was begun by a leader; raises LeaseLost in it when that ends."""
        held_for_s = self._clock.monotonic_s() - self._held_at_s
        async with holding(self.renew, LEASE, held_for_s=held_for_s):
            yield

    def leading(self, tick: Tick) -> Tick:
        """The same turns for a leader, and none for others; a turn that is under way ends with the lead."""

        async def turn() -> float:
            if not await self.is_held():
                return PERIOD_S
            try:
                async with self.kept():
                    return await tick()
            except LeaseLost:
                return PERIOD_S

        return turn

    async def give_up(self) -> None:
        """Let another take over at once."""
        self._is_leader = False
        await self._leases.give_up(_SWEEPS)
