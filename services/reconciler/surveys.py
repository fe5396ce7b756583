"""Surveys: learn whether the book holds all of a window, with as few requests as that takes.

A window that fits on a page is read. Of another Telnyx is asked how many records it holds, in one small request: if the
book holds as many, that is a sweep. If not, what differs is searched by halving and counting, or all is read, whichever
takes fewer requests.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

from services.common.clock import Clock
from services.reconciler.budget import SWEEPS_PER_MINUTE, RequestBudget
from services.reconciler.coverage import gaps
from services.reconciler.ports import LedgerPort
from services.reconciler.reader import Reader
from services.reconciler.reads import ReadEnd
from services.reconciler.search import finding_cost, is_likely_unread, is_read_whole, is_rich
from services.reconciler.sweep import Sweep
from services.reconciler.windows import Window, split


@dataclass(frozen=True, slots=True)
class Counted:
    """A window as Telnyx and the book count it."""

    end: ReadEnd
    held_count: int

    @property
    def is_equal(self) -> bool:
        """The book holds as many as Telnyx has."""
        return self.end.total_results == self.held_count

    def rows_per_s(self, window: Window) -> float:
        """How densely the records of this window lie; never 0."""
        return max(1, self.end.total_results) / window.length_s


class Surveys:
    """Carries out surveys, the searching within a budget. All methods raise TollbookError."""

    def __init__(self, ledger: LedgerPort, reader: Reader, clock: Clock) -> None:
        self._ledger = ledger
        self._reader = reader
        self._clock = clock
        self._budget = RequestBudget(SWEEPS_PER_MINUTE, at_s=clock.monotonic_s())

    async def survey(
        self, record_type: str, window: Window, read: Iterable[Window] = (), *, is_kept: bool = False
    ) -> AsyncIterator[Sweep]:
        """The sweeps that this comes to, newest first.

        None where something differs that is not worth looking for now: closing the day will find it. What was never
        `read` so far is read first, if what is missing may well lie there. If `is_kept`, such
        a count is booked as well: it tells that the window was looked at, and that Telnyx's answers hold rows.
        """
        if self._reader.is_likely_small(record_type, window):
            async for sweep in self._read(record_type, (window,), self._reader.rows_per_s(record_type)):
                yield sweep
            return
        counted = await self._count(record_type, window)
        unread = gaps(read, window)
        if is_likely_unread(unread, window, counted.end.total_results, counted.held_count):
            async for sweep in self._read(record_type, unread, counted.rows_per_s(window)):
                yield sweep
            counted = replace(counted, held_count=await self._held_count(record_type, window))
            if counted.is_equal:
                return
        async for sweep in self._look_into(record_type, window, counted, is_kept=is_kept):
            yield sweep

    async def _look_into(
        self, record_type: str, window: Window, counted: Counted, *, is_kept: bool
    ) -> AsyncIterator[Sweep]:
        """What a count comes to: itself a sweep where it is equal, else what is worth looking for."""
        if not counted.is_equal and self._is_worth(counted):
            if is_read_whole(counted.end.total_results, counted.held_count):
                async for sweep in self._read(record_type, (window,), counted.rows_per_s(window)):
                    yield sweep
                return
            await self._find(record_type, window, counted.end.total_results, counted.held_count)
            counted = await self._count(record_type, window)
        if counted.is_equal or is_kept:
            yield await self.record(record_type, window, counted)

    async def _read(
        self, record_type: str, windows: Iterable[Window], rows_per_s: float
    ) -> AsyncIterator[Sweep]:
        """Read windows in pieces that can each be read in one go."""
        for window in windows:
            for piece in split(window, rows_per_s):
                yield await self._reader.sweep(record_type, piece)

    async def find_all(self, record_type: str, window: Window) -> Counted:
        """Have the book hold all of a window, whatever that takes; gives how it is counted then."""
        counted = await self._count(record_type, window)
        if counted.is_equal:
            return counted
        await self._find(record_type, window, counted.end.total_results, counted.held_count)
        return await self._count(record_type, window)

    async def read_all(self, record_type: str, window: Window) -> Counted:
        """Read a window from end to end, for what a count cannot show; gives how it is counted then."""
        for piece in split(window, self._reader.rows_per_s(record_type)):
            await self._reader.take_in(record_type, piece)
        return await self._count(record_type, window)

    async def record(self, record_type: str, window: Window, counted: Counted) -> Sweep:
        """Book that a window was counted."""
        return await self._reader.record_sweep(record_type, window, counted.end, is_counted=True)

    def _is_worth(self, counted: Counted) -> bool:
        total, held = counted.end.total_results, counted.held_count
        if is_rich(total, held):
            return True
        cost = finding_cost(total, held)
        self._budget.refill(self._clock.monotonic_s())
        if cost > self._budget.allowance():
            return False
        self._budget.spent(cost)
        return True

    async def _count(self, record_type: str, window: Window) -> Counted:
        end = await self._reader.count(record_type, window)
        return Counted(end, await self._held_count(record_type, window))

    async def _held_count(self, record_type: str, window: Window) -> int:
        [held_count] = await self._ledger.held_counts(record_type, (window.start_at, window.end_at))
        return held_count

    async def _find(self, record_type: str, window: Window, total: int, held: int) -> None:
        """Read the parts that differ. A part of which as many are held is taken for read."""
        if total == held:
            return
        if is_read_whole(total, held):
            for piece in split(window, max(1, total) / window.length_s):
                await self._reader.take_in(record_type, piece)
            return
        middle = window.start_at + (window.end_at - window.start_at) / 2
        older, newer = Window(window.start_at, middle), Window(middle, window.end_at)
        newer_total = (await self._reader.count(record_type, newer)).total_results
        older_held, newer_held = await self._ledger.held_counts(
            record_type, (window.start_at, middle, window.end_at)
        )
        await self._find(record_type, newer, newer_total, newer_held)
        await self._find(record_type, older, max(0, total - newer_total), older_held)
