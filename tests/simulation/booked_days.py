"""The second rollup of the book: records by type and by the day of their own time, as the audit reads it."""

from dataclasses import dataclass, field
from datetime import date

from services.common.times import utc_day
from services.ledger.parts import charged_nanos
from services.telnyx_vocabulary.detail_record import DetailRecord

TypeDay = tuple[str, date]


@dataclass(slots=True)
class BookedDays:
    """Sums of the records that the book holds, each as it counts now."""

    _sums: dict[TypeDay, tuple[int, int]] = field(default_factory=dict)
    _counted: dict[tuple[str, str], tuple[date, int]] = field(default_factory=dict)

    def put(self, record: DetailRecord) -> None:
        """A record counts with what it says now."""
        if record.record_time is None:
            return
        key = (record.record_type, record.record_id)
        now = (utc_day(record.record_time), charged_nanos(record))
        before = self._counted.get(key)
        if before == now:
            return
        if before is not None:
            self._add(key[0], before[0], -before[1], -1)
        self._add(key[0], now[0], now[1], 1)
        self._counted[key] = now

    def sums(self, record_type: str, day: date) -> tuple[int, int]:
        """(nanos, how many records)"""
        return self._sums.get((record_type, day), (0, 0))

    def _add(self, record_type: str, day: date, nanos: int, count: int) -> None:
        held_nanos, held_count = self.sums(record_type, day)
        self._sums[record_type, day] = (held_nanos + nanos, held_count + count)
