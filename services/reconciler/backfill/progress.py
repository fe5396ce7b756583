"""How far a backfill is, for whoever follows it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Progress at one moment. A unit is one day of one record type, whichever way it is read.

    `skipped_units`: of the done ones, those that were in the book before, or that cannot be booked. `record_count`
    and `request_count` count since the backfill was asked for. `troubles`: those that turned up since the snapshot
    before.
    """

    total_units: int = 0
    done_units: int = 0
    skipped_units: int = 0
    record_count: int = 0
    request_count: int = 0
    current: str = ""
    current_day: date | None = None
    troubles: tuple[str, ...] = ()


@dataclass(slots=True)
class Progress:
    """Collects what the work tells; a follower that is slow misses steps, but no trouble."""

    _now: Snapshot = field(default_factory=Snapshot)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def planned(self, total_units: int, skipped_units: int) -> None:
        """How much there is, and how much of it needs nothing."""
        self._tell(total_units=total_units, done_units=skipped_units, skipped_units=skipped_units)

    def done(self, units: int, *, skipped: int = 0) -> None:
        """Units were done; `skipped` of them without being booked."""
        self._tell(done_units=self._now.done_units + units, skipped_units=self._now.skipped_units + skipped)

    def requested(self, requests: int, records: int) -> None:
        """Telnyx was asked, and gave records."""
        self._tell(
            request_count=self._now.request_count + requests, record_count=self._now.record_count + records
        )

    def at(self, current: str, day: date) -> None:
        """What is being read now."""
        self._tell(current=current, current_day=day)

    def trouble(self, sentence: str) -> None:
        """Something could not be booked."""
        self._tell(troubles=(*self._now.troubles, sentence))

    def take(self) -> Snapshot:
        """Progress now, with the troubles since the last call."""
        now = self._now
        self._now = replace(now, troubles=())
        self._changed.clear()
        return now

    async def until(self, work: asyncio.Task[None]) -> AsyncIterator[Snapshot]:
        """A snapshot now, one after each change, and a last one when the work has ended, in whatever way."""
        yield self.take()
        while not work.done():
            change = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait({work, change}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                change.cancel()
            yield self.take()

    def _tell(self, **changes: object) -> None:
        self._now = replace(self._now, **changes)  # type: ignore[arg-type]
        self._changed.set()
