"""What one watcher has not been told yet."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from services.common.errors import TollbookError, Unavailable
from services.ledger.positions import write_position

MAX_CHARGES = 500
"""In one answer."""

MAX_WAITING = 10_000
"""Charges that a watcher may be behind: several looks at the journal, and at most some megabytes."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Charges (rows of telnyx_billing) as they are now, and the position from which everything else will come."""

    charges: tuple[Any, ...]
    position: str


class Watcher:
    """Holds each charge once, however often it changed, until it is taken."""

    def __init__(self) -> None:
        self.told_id = 0
        self._published_id = 0
        self._waiting: dict[int, Any] = {}
        self._begun = asyncio.Event()
        self._news = asyncio.Event()
        self._error: TollbookError | None = None

    def publish(self, charges: Sequence[Any], final_id: int) -> None:
        """These charges changed; every entry up to `final_id` has now been published.

        The first time is where the watch begins: what was published then came before it. From there on nothing can be
        missed.
        """
        if self._error is not None:
            return
        self._published_id = final_id
        if not self._begun.is_set():
            self.told_id = final_id
            self._begun.set()
            return
        self._waiting |= {row.id: row for row in charges}
        if len(self._waiting) > MAX_WAITING:
            self.end(
                Unavailable(
                    f"more than {MAX_WAITING} charges wait to be taken: watch again from the last position"
                )
            )
        elif charges:
            self._news.set()

    def end(self, error: TollbookError) -> None:
        """Nothing more will come but this error."""
        self._error = self._error or error
        self._waiting.clear()
        self._begun.set()
        self._news.set()

    async def wait_for_begin(self) -> None:
        """Return once it has begun. Raises what ended it instead."""
        await self._begun.wait()
        if self._error is not None:
            raise self._error

    async def take(self) -> Changes:
        """The next changes, once there are any. Raises what ended the watch."""
        await self._news.wait()
        if self._error is not None:
            raise self._error
        taken = tuple(self._waiting.pop(row_id) for row_id in list(islice(self._waiting, MAX_CHARGES)))
        if not self._waiting:
            self._news.clear()
            self.told_id = max(self.told_id, self._published_id)
        return Changes(taken, write_position(self.told_id))
