"""Gives back the jobs of reconcilers that have died, or were frozen, in the middle of an attempt."""

from typing import Final

import structlog

from services.common.clock import Clock
from services.reconciler.jobs import JobStore

_EVERY_S: Final = 2.0
_log = structlog.get_logger()


class Reclaiming:
    """Makes jobs whose lease has run out due again, whoever held them; each reconciler does it for all.

    Who held one and wakes up cannot write it any more.
    """

    def __init__(self, jobs: JobStore, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def tick(self) -> float:
        """One turn of the timed loop."""
        count = await self._jobs.reclaim(self._clock.now())
        if count:
            _log.warning(
                "jobs.reclaimed", count=count, message="attempts were never ended; they are made again"
            )
        return _EVERY_S
