"""Surveys: learn whether the book holds all of a window, with as few requests as that takes.

A window that fits on a page is read. Of another Telnyx is asked how many records it holds, in one small request: if the
book holds as many, that is a sweep. If not, what differs is searched by halving and counting, or all is read, whichever
takes fewer requests.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.common.clock import Clock
from services.reconciler.budget import SWEEPS_PER_MINUTE, RequestBudget
from services.reconciler.ports import LedgerPort
from services.reconciler.reader import Reader
from services.reconciler.reads import ReadEnd
from services.reconciler.search import finding_cost, is_read_whole, is_rich
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


class Surveys:
    """Carries out surveys, the searching within a budget. All methods raise TollbookError."""

    def __init__(self, ledger: LedgerPort, reader: Reader, clock: Clock) -> None:
        self._ledger = ledger
        self._reader = reader
        self._clock = clock
        self._budget = RequestBudget(SWEEPS_PER_MINUTE, at_s=clock.monotonic_s())

    async def survey(
        self, record_type: str, window: Window, *, is_kept: bool = False
    ) -> AsyncIterator[Sweep]:
        """The sweeps that this comes to, newest first.

        None where something differs that is not worth looking for now: closing the day will find it. If `is_kept`, such
        a count is booked as well: it tells that the window was looked at, and that Telnyx's answers hold rows.
        """
        if self._reader.is_likely_small(record_type, window):
            for piece in split(window, self._reader.rows_per_s(record_type)):
                yield await self._reader.sweep(record_type, piece)
            return
        counted = await self._count(record_type, window)
        if not counted.is_equal:
            total, held = counted.end.total_results, counted.held_count
            if not self._is_worth(total, held):
                if is_kept:
                    yield await self.record(record_type, window, counted)
                return
            if is_read_whole(total, held):
                for piece in split(window, max(1, total) / window.length_s):
                    yield await self._reader.sweep(record_type, piece)
                return
            await self._find(record_type, window, total, held)
            counted = await self._count(record_type, window)
        if is_kept or counted.is_equal:
            yield await self.record(record_type, window, counted)

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

    def _is_worth(self, total: int, held: int) -> bool:
        if is_rich(total, held):
            return True
        cost = finding_cost(total, held)
        self._budget.refill(self._clock.monotonic_s())
        if not self._budget.allows(cost):
            return False
        self._budget.spent(cost)
        return True

    async def _count(self, record_type: str, window: Window) -> Counted:
        end = await self._reader.count(record_type, window)
        [held_count] = await self._ledger.held_counts(record_type, (window.start_at, window.end_at))
        return Counted(end, held_count)

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
