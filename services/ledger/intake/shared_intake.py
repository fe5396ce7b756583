"""What any ledger of a shared book has taken in: a read waits for all of it, whichever ledger acknowledged it."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from services.common.deadlines import within_call
from services.ledger.intake.intake_store import IntakeStore

_POLL_S: Final = 0.02
_LONGEST_LOOK_S: Final = 5.0

Ids = tuple[int, int]


class SharedIntake:
    """Looks at the table for all who wait: one look at a time, and no answer is older than the question."""

    def __init__(self, store: IntakeStore, booked_ids: Callable[[], Collection[int]]) -> None:
        """`booked_ids`: rows that this process has booked, and could not forget yet."""
        self._store = store
        self._booked_ids = booked_ids
        self._look: asyncio.Task[Ids | None] | None = None

    async def booked(self) -> None:
        """Return once all is booked that lies in the intake now. Raises Unavailable, Conflict."""
        ids = await self._fresh_look()
        if ids is None:
            return
        newest_id = ids[1]
        while ids is not None and ids[0] <= newest_id:
            await asyncio.sleep(_POLL_S)
            ids = await self._fresh_look()

    async def _fresh_look(self) -> Ids | None:
        before = self._look
        if before is not None:
            await asyncio.wait({before})
        # Of those who waited for it, the first begins the next look, and the others join that.
        if self._look is None or self._look is before:
            # Others join it: it must not end with the call that happens to begin it, nor hold up all if it hangs.
            with within_call(_LONGEST_LOOK_S):
                self._look = asyncio.create_task(
                    self._store.unbooked_ids(self._booked_ids()), name="intake-look"
                )
            self._look.add_done_callback(_take_note)
        return await asyncio.shield(self._look)


def _take_note(look: asyncio.Task[Ids | None]) -> None:
    """Whoever waited may have gone: then nobody else asks what became of it."""
    if not look.cancelled():
        look.exception()
