"""What all reconcilers of one database say of themselves, this one first."""

from contextlib import suppress
from typing import Final

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.common.wire import to_duration
from services.reconciler.progress.codec import encode_progress
from services.reconciler.progress.own_progress import OwnProgress
from services.reconciler.progress.progress_store import ProgressStore
from tollbook.reconciler.v1 import progress_pb2

TELL_EVERY_S: Final = 30.0


class AllProgress:
    """Asks for the others' word, and lets them have this one's."""

    def __init__(self, own: OwnProgress, store: ProgressStore, clock: Clock) -> None:
        self._own = own
        self._store = store
        self._clock = clock

    async def told(self) -> progress_pb2.GetProgressResponse:
        """As it is now; where the database does not answer, at least what this one knows by itself."""
        own, now = encode_progress(self._own.told()), self._clock.now()
        try:
            others = await self._store.others(self._own.name)
            due = await self._store.due(now)
        except TollbookError:
            return progress_pb2.GetProgressResponse(reconcilers=[own])
        return progress_pb2.GetProgressResponse(
            reconcilers=[own, *others],
            overdue_age=to_duration(now - due.oldest_at if due.oldest_at is not None else None),
            due_count=due.count,
        )

    async def tick(self) -> float:
        """One turn of the timed loop: tell the others. Raises TollbookError."""
        await self._store.tell(encode_progress(self._own.told()))
        return TELL_EVERY_S

    async def close(self) -> None:
        """Say that this one ends; where that cannot be said, its word goes stale by itself."""
        with suppress(TollbookError):
            await self._store.forget(self._own.name)
