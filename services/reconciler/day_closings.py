"""Closes each type's UTC days: a count and a word of usage_reports; pages are read only where either differs."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import structlog

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.reconciler import failpoints
from services.reconciler.day_closing import closing_window, costs_agree, days_to_close
from services.reconciler.pace import Backoff
from services.reconciler.ports import LedgerPort
from services.reconciler.reader import Reader, gather_some
from services.reconciler.surveys import Counted, Surveys
from services.reconciler.sweep_histories import SWEPT_TYPES, SweepHistories
from services.reconciler.trailing import SweepRules
from services.reconciler.troubles import Troubles
from services.reconciler.usage_reading import UsageReading

_FIRST_BACKOFF_S: Final = 60.0
_LONGEST_BACKOFF_S: Final = 3_600.0
_BATCH: Final = 4
_ONE_DAY: Final = timedelta(days=1)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TypeDay:
    """A day of one record type."""

    record_type: str
    day: date


class DayClosings:
    """Closes days once the settle horizon has passed over them, the oldest first.

    The sweep over a day is booked last: a day of which only a part was done is done again.
    """

    def __init__(
        self,
        histories: SweepHistories,
        reader: Reader,
        surveys: Surveys,
        usage: UsageReading,
        ledger: LedgerPort,
        rules: SweepRules,
        clock: Clock,
    ) -> None:
        self._histories = histories
        self._reader = reader
        self._surveys = surveys
        self._usage = usage
        self._ledger = ledger
        self._rules = rules
        self._clock = clock
        self._troubles = Troubles("closing days")
        self._backoffs = {name: Backoff(_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S) for name in SWEPT_TYPES}

    async def step(self) -> bool:
        """Close a few days; False if none is due. A type that fails waits, the others go on."""
        due = await self._due()
        await gather_some(self._close, due[:_BATCH])
        return bool(due)

    async def _due(self) -> list[TypeDay]:
        now_s, now = self._clock.monotonic_s(), self._clock.now()
        refused = self._reader.refused_types()
        histories = await self._histories.known()
        first = self._histories.first_day
        due = [
            TypeDay(name, day)
            for name, history in histories.items()
            if name not in refused and self._backoffs[name].is_over(now_s)
            for day in days_to_close(first, history.closed_days, now, self._rules.horizon)[:1]
        ]
        return sorted(due, key=lambda one: one.day)

    async def _close(self, one: TypeDay) -> None:
        try:
            await self._hold_against_telnyx(one)
        except TollbookError as error:
            self._backoffs[one.record_type].failed(self._clock.monotonic_s(), error.retry_after_s)
            self._troubles.failed(one.record_type, str(error))
            return
        self._backoffs[one.record_type].succeeded()
        self._troubles.succeeded(one.record_type)

    async def _hold_against_telnyx(self, one: TypeDay) -> None:
        window = closing_window(one.day)
        counted = await self._surveys.find_all(one.record_type, window)
        failpoints.DAY_COUNTED.reached()
        is_reread = not counted.is_equal or not await self._costs_agree(one, counted)
        if is_reread:
            counted = await self._surveys.read_all(one.record_type, window)
        failpoints.DAY_COMPARED.reached()
        sweep = await self._surveys.record(one.record_type, window, counted)
        failpoints.DAY_CLOSED.reached()
        self._histories.closed(one.record_type, one.day, sweep)
        _log.info(
            "day.closed",
            record_type=one.record_type,
            day=one.day.isoformat(),
            verdict=sweep.verdict,
            total_results=sweep.total_results,
            is_reread=is_reread,
        )

    async def _costs_agree(self, one: TypeDay, counted: Counted) -> bool:
        """Nothing can be corrected where nothing is; an empty answer asks only for what may prove it."""
        try:
            await self._usage.read(one.record_type, one.day, one.day + _ONE_DAY)
        except TollbookError as error:
            self._troubles.failed(f"{one.record_type} by usage_reports", str(error))
            return not counted.end.total_results
        self._troubles.succeeded(f"{one.record_type} by usage_reports")
        if not counted.end.total_results:
            return True
        return costs_agree(
            await self._ledger.book_days(one.day, one.day + _ONE_DAY), one.record_type, one.day
        )
