"""A book of days and a list of products in memory, behind the audit's ports."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date

from services.common.errors import TollbookError
from services.reconciler.audit.book_days import BookDay, DayRecord


@dataclass(slots=True)
class FakeBookDays:
    """Days and records as a test put them there. `asked`: the periods of which somebody wanted the days."""

    days: list[BookDay] = field(default_factory=list)
    records: dict[tuple[str, date], list[DayRecord]] = field(default_factory=dict)
    asked: list[tuple[date, date]] = field(default_factory=list)
    fault: TollbookError | None = None

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        self.asked.append((from_day, to_day))
        if self.fault is not None:
            raise self.fault
        return tuple(day for day in self.days if from_day <= day.day < to_day)

    async def day_records(self, record_type: str, day: date) -> AsyncIterator[tuple[DayRecord, ...]]:
        for record in self.records.get((record_type, day), ()):
            yield (record,)


@dataclass(slots=True)
class FakeProducts:
    """Products, or a fault instead."""

    products: tuple[str, ...] = ("sip-trunking", "call-control")
    fault: TollbookError | None = None

    async def usage_products(self) -> tuple[str, ...]:
        if self.fault is not None:
            raise self.fault
        return self.products
