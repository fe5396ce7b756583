"""Backfill from the Detail Records API: the days of each type, newest first, a few windows at a time."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta

from services.common.clock import Clock
from services.common.errors import InvalidInput, TelnyxRefused, TollbookError
from services.common.times import utc_day
from services.reconciler.backfill.days import TypeDay, midnight
from services.reconciler.backfill.gaps import Gaps, wanted_windows
from services.reconciler.backfill.progress import Progress
from services.reconciler.backfill.waits import Pause
from services.reconciler.coverage import VISIBLE_AFTER, covered_by
from services.reconciler.pace import doubled
from services.reconciler.ports import LedgerPort
from services.reconciler.reader import Reader, gather_some
from services.reconciler.reads import Read
from services.reconciler.sweep import Sweep
from services.reconciler.windows import Window, split

_BATCH = 4
_MAX_TRIES = 6
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 120.0
_OVERLAP = timedelta(minutes=1)
"""Sweeps are looked for from a little before the last look: the ledger and telnyx-gateway have clocks of their own."""


class WindowBackfill:
    """Reads days by windows of the Detail Records API.

    What is done is known from the ledger's sweeps, also from those that others make meanwhile. A reading of days that
    the API may no longer have in whole is booked, but is no sweep: its silence would prove nothing (rule 3.n).
    """

    def __init__(
        self,
        ledger: LedgerPort,
        reader: Reader,
        progress: Progress,
        clock: Clock,
        pause: Pause,
        on_sweep: Callable[[Sweep], None],
    ) -> None:
        """`on_sweep` is told of each sweep that was made here."""
        self._ledger = ledger
        self._reader = reader
        self._progress = progress
        self._clock = clock
        self._pause = pause
        self._on_sweep = on_sweep
        self._gaps: dict[str, Gaps] = {}
        self._is_provable = True

    async def run(self, units: Iterable[TypeDay], *, provable: bool) -> None:
        """Read what of these units nobody has read yet. Units that fail again and again end as troubles."""
        wanted = _by_type(units)
        if not wanted:
            return
        until = self._clock.now() - VISIBLE_AFTER
        self._is_provable = provable
        self._gaps = {name: Gaps(wanted_windows(days, until)) for name, days in wanted.items()}
        # Days that lie wholly in the last minutes are the sweeps' own.
        self._progress.done(sum(len(days) - self._gaps[name].open_days for name, days in wanted.items()))
        looked_from = min(midnight(min(days)) for days in wanted.values())
        first = True
        while True:
            if provable:
                looked_from = await self._take_in_sweeps(looked_from, skipping=first)
                first = False
            batch = self._next_batch()
            if not batch:
                return
            await gather_some(self._read, batch)

    async def _take_in_sweeps(self, read_since: datetime, *, skipping: bool) -> datetime:
        """Learn what was swept since; gives from when to look the next time."""
        looked_at = self._clock.now()
        by_type: dict[str, list[Window]] = {name: [] for name in self._gaps}
        async for sweeps in self._ledger.list_sweeps(read_since):
            for sweep in sweeps:
                if sweep.is_counted and sweep.verdict != "complete":
                    continue
                stretch = covered_by(sweep)
                if sweep.record_type in by_type and stretch is not None:
                    by_type[sweep.record_type].append(stretch)
        for name, stretches in by_type.items():
            self._cover(name, stretches, skipping=skipping)
        return looked_at - _OVERLAP

    def _next_batch(self) -> list[tuple[str, Window]]:
        """The newest window of each type, the newest of these first; a refused type ends as a trouble."""
        for name in set(self._reader.refused_types()) & set(self._gaps):
            self._give_up(name, TelnyxRefused("Telnyx refuses to list these records"))
        windows = {name: gaps.next_window(self._reader.rows_per_s(name)) for name, gaps in self._gaps.items()}
        batch = [(name, window) for name, window in windows.items() if window is not None]
        return sorted(batch, key=lambda one: one[1].end_at, reverse=True)[:_BATCH]

    async def _read(self, piece: tuple[str, Window]) -> None:
        name, window = piece
        self._progress.at(name, utc_day(window.end_at - timedelta.resolution))
        for part in split(window, self._reader.rows_per_s(name)):
            fault = await self._try(name, part)
            if fault is not None:
                self._give_up(name, fault)
                return
            self._cover(name, [part], skipping=False)

    async def _try(self, name: str, window: Window) -> TollbookError | None:
        """Read a window, with patience; gives why it could not be read after all."""
        fault: TollbookError | None = None
        for tries in range(_MAX_TRIES):
            if fault is not None:
                wait_s = doubled(_FIRST_PAUSE_S, tries - 1, _LONGEST_PAUSE_S)
                await self._pause(max(wait_s, fault.retry_after_s))
            try:
                if self._is_provable:
                    self._on_sweep(await self._reader.sweep(name, window))
                else:
                    await self._reader.read(Read(record_type=name, priority="background", window=window))
            except (TelnyxRefused, InvalidInput) as error:
                return error
            except TollbookError as error:
                fault = error
            else:
                return None
        return fault

    def _cover(self, name: str, stretches: Iterable[Window], *, skipping: bool) -> None:
        before = self._gaps[name]
        after = self._gaps[name] = before.with_covered(*stretches)
        done = before.open_days - after.open_days
        self._progress.done(done, skipped=done if skipping else 0)

    def _give_up(self, name: str, fault: TollbookError) -> None:
        lost = self._gaps.pop(name).open_days
        self._progress.trouble(f"{name}, {lost} days: {fault}")
        self._progress.done(lost, skipped=lost)


def _by_type(units: Iterable[TypeDay]) -> Mapping[str, list[date]]:
    wanted: dict[str, list[date]] = {}
    for name, day in units:
        wanted.setdefault(name, []).append(day)
    return wanted
