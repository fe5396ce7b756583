"""Trailing sweeps and backfill: read again what was read before, to find what no webhook announced."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from services.common.clock import Clock
from services.common.errors import TelnyxRefused, TollbookError
from services.reconciler.reader import ABOUT_THE_REQUEST, Reader, gather_some
from services.reconciler.surveys import Surveys
from services.reconciler.sweep import Sweep
from services.reconciler.sweep_histories import SWEPT_TYPES, SweepHistories
from services.reconciler.trailing import SweepHistory, SweepRules, settled_part
from services.reconciler.troubles import Troubles
from services.reconciler.type_backoffs import TypeBackoffs
from services.reconciler.windows import Window, split
from services.telnyx_vocabulary.record_types import find_record_type

_BATCH: Final = 8
_BACKFILL_BATCH: Final = 2


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
        histories: SweepHistories,
        reader: Reader,
        surveys: Surveys,
        rules: SweepRules,
        always: Iterable[str],
        clock: Clock,
    ) -> None:
        """Types in `always` are asked at every interval, also when they had no rows for long."""
        self._histories = histories
        self._reader = reader
        self._surveys = surveys
        self._rules = rules
        self._always = {entry.name for name in always if (entry := find_record_type(name)) is not None}
        self._clock = clock
        self._troubles = Troubles("trailing sweeps")
        self._backoffs = TypeBackoffs(SWEPT_TYPES)

    async def step(self) -> bool:
        """Carry out the most pressing sweeps; False if none is due. A type that fails waits, the others go on.

        Where one after another fails, all wait but one, so that the quota is there for attempts.
        """
        due = self._most_pressing(await self._histories.known())
        if not due:
            return False
        await gather_some(self._carry_out, due)
        return True

    def _most_pressing(self, histories: dict[str, SweepHistory]) -> list[_Due]:
        now_s = self._clock.monotonic_s()
        refused = self._reader.refused_types()
        names = [name for name in SWEPT_TYPES if name not in refused and self._backoffs.is_over(name, now_s)]
        ready = {name: histories[name] for name in names}
        return (
            self._in_turn(self._short(ready))[:_BATCH]
            or self._in_turn(self._long(ready))[:_BATCH]
            or self._in_turn(self._backfill(ready))[:_BACKFILL_BATCH]
        )

    def _in_turn(self, due: list[_Due]) -> list[_Due]:
        """What fails comes after what does not: it must not be what all others wait for."""
        return sorted(due, key=lambda one: self._backoffs.failures(one.record_type))

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

    async def _swept(self, due: _Due) -> AsyncIterator[Sweep]:
        """The past is read, for nothing of it is held; what was read before is surveyed."""
        record_type, window = due.record_type, due.window
        if due.kind == "backfill":
            for piece in split(window, self._reader.rows_per_s(record_type)):
                yield await self._reader.sweep(record_type, piece)
            return
        if not self._reader.is_likely_small(record_type, window):
            window = settled_part(window, self._clock.now())
        covered = (await self._histories.known())[record_type].covered
        async for sweep in self._surveys.survey(record_type, window, covered, is_kept=due.kind == "long"):
            yield sweep

    async def _carry_out(self, due: _Due) -> None:
        began_at = self._clock.now()
        if not self._backoffs.begins(self._clock.monotonic_s()):
            return
        try:
            async for sweep in self._swept(due):
                self._histories.note(sweep)
        except TollbookError as error:
            is_own = isinstance(error, TelnyxRefused) and error.field == ABOUT_THE_REQUEST
            self._backoffs.failed(
                due.record_type, self._clock.monotonic_s(), error.retry_after_s, is_own=is_own
            )
            self._troubles.failed(due.record_type, str(error))
            return
        self._backoffs.succeeded(due.record_type)
        self._troubles.succeeded(due.record_type)
        history = (await self._histories.known())[due.record_type]
        # The clock may have been set back by what was read.
        began_at = min(began_at, self._clock.now())
        if due.kind == "short":
            self._histories.replace(due.record_type, history.after_short(began_at))
        elif due.kind == "long":
            self._histories.replace(due.record_type, history.after_long(began_at))
