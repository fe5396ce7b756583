"""Forgets jobs that ended long ago, so that their table and that of their attempts have an end."""

from datetime import timedelta
from typing import Final

import structlog

from services.common.clock import Clock
from services.reconciler.jobs import JobStore
from services.reconciler.repeating import PERIOD_S

KEPT: Final = timedelta(days=90)
"""How long a completed job is kept: longer than Telnyx keeps what an attempt could have read (facts, section 3)."""

BATCH: Final = 1_000
_EVERY_S: Final = 3_600.0
_log = structlog.get_logger()


class Pruning:
    """Deletes jobs 90 days after they were completed, with their histories, also those that had failed in between.

    What the call cost stays in the ledger. Jobs that are not completed stay, too: the ledger lists their items, and
    would have them made anew. A pruned job whose call then misses something starts like any other.
    """

    def __init__(self, jobs: JobStore, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def tick(self) -> float:
        """One turn of the timed loop: one batch; the next follows soon while there are more, else in an hour."""
        count = await self._jobs.prune(self._clock.now() - KEPT, BATCH)
        if count:
            _log.info("jobs.pruned", count=count)
        return PERIOD_S if count == BATCH else _EVERY_S
