"""Keeps each day booked from one source, whoever reads it: sweeps, jobs and people too.

A day that a report without record ids has filled holds the same calls under ids of the report's own. Should the
Detail Records API tell of such a day after all, its records would be booked a second time.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from services.common.clock import Clock
from services.common.times import utc_day
from services.reconciler.backfill.days import DaySource, TypeDay
from services.reconciler.ports import LedgerPort
from services.reconciler.retention import KEPT
from services.telnyx_vocabulary.detail_record import DetailRecord

_SLACK = timedelta(days=1)
"""Days are measured by clocks that may differ, and a backfill that began yesterday may still claim."""

_MAX_KNOWN = 20_000
_log = structlog.get_logger()


class DayClaims:
    """Claims old days for the Detail Records API before its records are booked.

    Only a backfill beyond the API's retention leaves ids out, so younger days are not asked about. A claim that
    stands never changes, so each is asked for once.
    """

    def __init__(self, ledger: LedgerPort, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._standing: dict[TypeDay, DaySource] = {}

    async def bookable(self, records: Sequence[DetailRecord]) -> Sequence[DetailRecord]:
        """Of these records, all from the Detail Records API, those that are not booked already under other ids."""
        young = utc_day(self._clock.now() - KEPT + _SLACK)
        days = {
            (record.record_type, utc_day(record.record_time))
            for record in records
            if record.record_time is not None and utc_day(record.record_time) < young
        }
        taken = {unit for unit in sorted(days) if await self._claim(unit) == "report_without_ids"}
        if not taken:
            return records
        return [
            record
            for record in records
            if record.record_time is None or (record.record_type, utc_day(record.record_time)) not in taken
        ]

    async def _claim(self, unit: TypeDay) -> DaySource:
        known = self._standing.get(unit)
        if known is None:
            known = await self._ledger.claim_day(*unit, "detail_records")
            if len(self._standing) >= _MAX_KNOWN:
                self._standing.clear()
            self._standing[unit] = known
            if known == "report_without_ids":
                record_type, day = unit
                _log.info(
                    "day.kept_to_its_source",
                    record_type=record_type,
                    day=day.isoformat(),
                    message=f"{record_type} of {day} is booked from a report without record ids; "
                    "what the Detail Records API tells of it is the same money, and is not booked again",
                )
        return known
