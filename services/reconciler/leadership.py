"""Which of several reconcilers does the sweeps."""

from datetime import timedelta
from typing import Final

import structlog

from services.common.clock import Clock
from services.reconciler.leases import LeaseStore

_LEASE: Final = timedelta(seconds=30)
RENEW_EVERY_S: Final = 10.0
_SWEEPS: Final = "sweeps"
_log = structlog.get_logger()


class Leadership:
    """The lease on the sweeps: kept while this process lives, taken over within 30 s when it does not."""

    def __init__(self, leases: LeaseStore, clock: Clock) -> None:
        self._leases = leases
        self._clock = clock
        self._is_leader = False
        self._asked_at_s: float | None = None

    async def is_held(self) -> bool:
        """Whether the sweeps are ours now; asks the database every 10 s."""
        now_s = self._clock.monotonic_s()
        if self._asked_at_s is None or now_s - self._asked_at_s >= RENEW_EVERY_S:
            await self.renew()
            self._asked_at_s = now_s
        return self._is_leader

    async def renew(self) -> None:
        """Take the lease or keep it."""
        was_leader = self._is_leader
        try:
            # Until the answer is there, others who ask are told what held before: it still does for a while.
            self._is_leader = await self._leases.hold(_SWEEPS, _LEASE)
        except BaseException:
            self._is_leader = False
            raise
        if self._is_leader != was_leader:
            _log.info("sweeps.taken" if self._is_leader else "sweeps.lost")

    async def give_up(self) -> None:
        """Let another take over at once."""
        self._is_leader = False
        await self._leases.give_up(_SWEEPS)
