"""Reading a day anew where the book and usage_reports differ, to learn which records Telnyx no longer shows."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.reconciler.audit.book_days import day_window
from services.reconciler.audit.line import AuditLine
from services.reconciler.reader import Reader
from services.reconciler.retention import KEPT
from services.reconciler.windows import MAX_WINDOW_ROWS, split


@dataclass(frozen=True, slots=True)
class Patience:
    """How much one audit reads anew: so many days, none with more records than that."""

    max_days: int
    max_rows: int


WAITED_FOR: Final = Patience(max_days=5, max_rows=MAX_WINDOW_ROWS)
"""While somebody waits."""

UNATTENDED: Final = Patience(max_days=40, max_rows=20_000)
"""By itself, at night: a day of that size takes about ten minutes of the quota."""

_AGAIN_AFTER: Final = timedelta(hours=20)
"""Less than a day: the daily audit reads anew what still differs."""

DayKey = tuple[str, date]


def worth_rereading(lines: Iterable[AuditLine], now: datetime, done: Collection[DayKey]) -> list[AuditLine]:
    """The days to read anew: those that differ, then those that were never read in full; the greatest difference first.

    Days beyond what Telnyx surely keeps would look as if every record had vanished; days booked from a report without
    record ids would be booked twice.
    """
    worth = [
        line
        for line in lines
        if (line.verdict == "different" or line.is_unread)
        and line.source != "report_without_ids"
        and now - KEPT <= day_window(line.day).start_at
        and (line.record_type, line.day) not in done
    ]
    worth.sort(key=lambda line: (line.is_unread, -_size(line), line.day, line.record_type))
    return worth


def _size(line: AuditLine) -> int:
    return abs(line.book.nanos if line.difference_nanos is None else line.difference_nanos)


class Rereading:
    """Reads whole days of one type with background priority, and remembers when each began to be read."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._began_at: dict[DayKey, datetime] = {}

    def began_at(self, record_type: str, day: date) -> datetime | None:
        """When the latest whole reading of that day began, by telnyx-gateway's clock; None if there was none."""
        return self._began_at.get((record_type, day))

    def refused_types(self) -> Collection[str]:
        """Types that Telnyx refuses to list."""
        return self._reader.refused_types()

    async def reread(
        self, lines: Iterable[AuditLine], patience: Patience, budget_s: float
    ) -> tuple[bool, list[str]]:
        """Read anew what is worth it. Gives whether anything was read, and what could not be, as sentences."""
        now = self._clock.now()
        self._began_at = {key: at for key, at in self._began_at.items() if now - at < _AGAIN_AFTER}
        has_read, troubles = False, []
        try:
            async with asyncio.timeout(budget_s):
                for line in worth_rereading(lines, now, self._began_at)[: patience.max_days]:
                    trouble = await self._reread_day(line.record_type, line.day, patience.max_rows)
                    has_read = has_read or not trouble
                    troubles += [trouble] if trouble else []
        except TimeoutError:
            troubles.append("not every differing day could be read again in time; ask again")
        return has_read, troubles

    async def _reread_day(self, record_type: str, day: date, max_rows: int) -> str:
        """Empty where it was read; else why not, as a sentence."""
        window = day_window(day)
        try:
            # The moment of this answer is telnyx-gateway's, as are those at which records are observed.
            counted = await self._reader.count(record_type, window)
            if counted.total_results > max_rows:
                return (
                    f"{record_type} of {day} has {counted.total_results} records, too many to be read again "
                    "for an audit: what vanished among them is not known"
                )
            pieces = split(window, max(1, counted.total_results) / window.length_s)
            sweeps = [await self._reader.sweep(record_type, piece) for piece in pieces]
        except TollbookError as error:
            return f"{record_type} of {day} could not be read again: {error}"
        if all(sweep.verdict == "unproven" for sweep in sweeps):
            return f"{record_type} of {day} was read again: the answer was empty, and proves nothing"
        self._began_at[record_type, day] = counted.read_at
        return ""
