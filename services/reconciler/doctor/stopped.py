"""What has stopped, as one reconciler sees it from within."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from services.common.clock import Clock
from services.common.freshness.observed import Look
from services.common.freshness.rule import symptoms_at_first_sight
from services.common.freshness.symptom import Symptom
from services.common.freshness.wire import decode_progress
from services.reconciler.progress.all_progress import AllProgress


class Stopped:
    """Looks once, whenever somebody asks. `look` asks the other parts, and raises nothing that they do."""

    def __init__(self, look: Callable[[], Awaitable[Look]], progress: AllProgress, clock: Clock) -> None:
        self._look = look
        self._progress = progress
        self._clock = clock
        self._watched_since: datetime = clock.now()

    async def symptoms(self) -> list[Symptom]:
        """As it is now."""
        seen = replace(await self._look(), progress=decode_progress(await self._progress.told()))
        return symptoms_at_first_sight(seen, self._clock.now(), self._watched_since)
