"""What the ledger's sweeps come to, type by type: learned once, and kept up with what this process sweeps itself."""

import dataclasses
from datetime import date
from typing import Final

import structlog

from services.common.clock import Clock
from services.common.times import utc_day
from services.reconciler.ports import LedgerPort
from services.reconciler.reader import Reader
from services.reconciler.retention import KEPT
from services.reconciler.sweep import Sweep
from services.reconciler.trailing import SweepHistory, SweepRules
from services.telnyx_vocabulary.record_types import RECORD_TYPES

SWEPT_TYPES: Final = tuple(entry.name for entry in RECORD_TYPES if entry.has_money)
_log = structlog.get_logger()


class SweepHistories:
    """The histories of all types that have money. So nothing is lost or done twice by a restart.

    `first_day`: the UTC day of the first sweep that is known; what lies before it is read by the backfill.
    """

    def __init__(self, ledger: LedgerPort, reader: Reader, rules: SweepRules, clock: Clock) -> None:
        self._ledger = ledger
        self._reader = reader
        self._rules = rules
        self._clock = clock
        self._histories: dict[str, SweepHistory] | None = None
        self.first_day = utc_day(clock.now())

    def forget(self) -> None:
        """Learn anew what was read before: another reconciler may have gone on with it."""
        self._histories = None

    def note(self, sweep: Sweep) -> None:
        """A sweep was made."""
        if self._histories is not None and sweep.record_type in self._histories:
            history = self._histories[sweep.record_type]
            self._histories[sweep.record_type] = history.with_sweep(sweep, self._rules)

    def replace(self, record_type: str, history: SweepHistory) -> None:
        """A type's history, after something that no sweep tells."""
        if self._histories is not None:
            self._histories[record_type] = history

    def closed(self, record_type: str, day: date, sweep: Sweep) -> None:
        """A day was looked through: also where its sweep proves nothing, nothing more can be done about it."""
        self.note(sweep)
        if self._histories is not None:
            history = self._histories[record_type]
            self.replace(record_type, dataclasses.replace(history, closed_days=history.closed_days | {day}))

    async def known(self) -> dict[str, SweepHistory]:
        """The histories by type, as they are now. Raises TollbookError."""
        if self._histories is None:
            self._histories = await self._learned()
        return self._histories

    async def _learned(self) -> dict[str, SweepHistory]:
        histories = {name: SweepHistory() for name in SWEPT_TYPES}
        seen: set[str] = set()
        self.first_day = utc_day(self._clock.now())
        async for sweeps in self._ledger.list_sweeps(self._clock.now() - KEPT):
            for sweep in sweeps:
                if sweep.record_type not in histories:
                    continue
                if sweep.record_type not in seen:
                    self._reader.note_density(sweep.record_type, sweep.window, sweep.total_results)
                    seen.add(sweep.record_type)
                self.first_day = min(self.first_day, utc_day(sweep.read_at))
                histories[sweep.record_type] = histories[sweep.record_type].with_sweep(sweep, self._rules)
        if not seen:
            _log.info(
                "backfill.started",
                message="the book knows no sweep yet: reading the last day, then 30 days",
            )
        return histories
