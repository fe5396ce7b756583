"""Trailing sweeps and backfill: read again what was read before, to find what no webhook announced."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.reconciler.pace import Backoff
from services.reconciler.ports import LedgerPort
from services.reconciler.reader import Reader, gather_some
from services.reconciler.sweep import Sweep
from services.reconciler.trailing import KEPT, SweepHistory, SweepRules
from services.reconciler.troubles import Troubles
from services.reconciler.windows import Window, split
from services.telnyx_vocabulary.record_types import RECORD_TYPES, find_record_type

_FIRST_BACKOFF_S: Final = 1.0
_LONGEST_BACKOFF_S: Final = 60.0
_BATCH: Final = 8
_BACKFILL_BATCH: Final = 2
_log = structlog.get_logger()

SWEPT_TYPES: Final = tuple(entry.name for entry in RECORD_TYPES if entry.has_money)


@dataclass(frozen=True, slots=True)
class _Due:
    """One sweep that is due."""

    record_type: str
    kind: Literal["short", "long", "backfill"]
    window: Window


class TrailingSweeps:
    """Sweeps every type that has money: short and often, long and rarely, and the past once.

    What was read before is learned from the ledger's own sweeps, so that nothing is lost or done twice by a restart.
    """

    def __init__(
        self,
        ledger: LedgerPort,
        reader: Reader,
        rules: SweepRules,
        always: Iterable[str],
        clock: Clock,
    ) -> None:
        """Types in `always` are asked at every interval, also when they had no rows for long."""
        self._ledger = ledger
        self._reader = reader
        self._rules = rules
        self._always = {entry.name for name in always if (entry := find_record_type(name)) is not None}
        self._clock = clock
        self._histories: dict[str, SweepHistory] | None = None
        self._troubles = Troubles("trailing sweeps")
        self._backoffs = {name: Backoff(_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S) for name in SWEPT_TYPES}

    def forget(self) -> None:
        """Learn anew what was read before: another reconciler may have gone on with it."""
        self._histories = None

    def note(self, sweep: Sweep) -> None:
        """A backfill has made this sweep: what it covers need not be read here as well."""
        history = (self._histories or {}).get(sweep.record_type)
        if self._histories is not None and history is not None:
            self._histories[sweep.record_type] = history.with_sweep(sweep, self._rules)

    async def step(self) -> bool:
        """Carry out the most pressing sweeps; False if none is due. A type that fails waits, the others go on."""
        due = self._most_pressing(await self._known_histories())
        if not due:
            return False
        await gather_some(self._carry_out, due)
        return True

    async def _known_histories(self) -> dict[str, SweepHistory]:
        if self._histories is None:
            histories = {name: SweepHistory() for name in SWEPT_TYPES}
            seen: set[str] = set()
            async for sweeps in self._ledger.list_sweeps(self._clock.now() - KEPT):
                for sweep in sweeps:
                    if sweep.record_type not in histories:
                        continue
                    if sweep.record_type not in seen:
                        self._reader.note_density(sweep.record_type, sweep.window, sweep.total_results)
                        seen.add(sweep.record_type)
                    histories[sweep.record_type] = histories[sweep.record_type].with_sweep(sweep, self._rules)
            self._histories = histories
            if not seen:
                _log.info(
                    "backfill.started",
                    message="the book knows no sweep yet: reading the last day, then 30 days",
                )
        return self._histories

    def _most_pressing(self, histories: dict[str, SweepHistory]) -> list[_Due]:
        now_s = self._clock.monotonic_s()
        refused = self._reader.refused_types()
        names = [name for name in SWEPT_TYPES if name not in refused and self._backoffs[name].is_over(now_s)]
        ready = {name: histories[name] for name in names}
        return (
            self._short(ready)[:_BATCH]
            or self._long(ready)[:_BATCH]
            or self._backfill(ready)[:_BACKFILL_BATCH]
        )

    def _short(self, ready: dict[str, SweepHistory]) -> list[_Due]:
        now = self._clock.now()
        windows = {
            name: history.short_window(now, self._rules, may_rest=name not in self._always)
            for name, history in ready.items()
        }
        return [_Due(name, "short", window) for name, window in windows.items() if window is not None]

    def _long(self, ready: dict[str, SweepHistory]) -> list[_Due]:
        windows = {
            name: history.long_window(self._clock.now(), self._rules) for name, history in ready.items()
        }
        return [_Due(name, "long", window) for name, window in windows.items() if window is not None]

    def _backfill(self, ready: dict[str, SweepHistory]) -> list[_Due]:
        """Newest first, over all types."""
        now = self._clock.now()
        windows = {
            name: history.backfill_window(now, self._reader.rows_per_s(name))
            for name, history in ready.items()
        }
        due = [_Due(name, "backfill", window) for name, window in windows.items() if window is not None]
        return sorted(due, key=lambda one: one.window.end_at, reverse=True)

    async def _carry_out(self, due: _Due) -> None:
        histories = await self._known_histories()
        began_at = self._clock.now()
        try:
            for window in split(due.window, self._reader.rows_per_s(due.record_type)):
                sweep = await self._reader.sweep(due.record_type, window)
                histories[due.record_type] = histories[due.record_type].with_sweep(sweep, self._rules)
        except TollbookError as error:
            self._backoffs[due.record_type].failed(self._clock.monotonic_s(), error.retry_after_s)
            self._troubles.failed(due.record_type, str(error))
            return
        self._backoffs[due.record_type].succeeded()
        self._troubles.succeeded(due.record_type)
        if due.kind == "short":
            histories[due.record_type] = histories[due.record_type].after_short(began_at)
        elif due.kind == "long":
            histories[due.record_type] = histories[due.record_type].after_long(began_at)
