"""What the audit asks of the ledger and of telnyx-gateway beyond what sweeps do. All methods raise TollbookError."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Protocol

from services.reconciler.audit.book_days import BookDay, DayRecord


class BookDaysPort(Protocol):
    """The book, day by day."""

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        """The days (the last exclusive, at most 366) with records, a word of usage_reports, or calls that wait."""

    def day_records(self, record_type: str, day: date) -> AsyncIterator[tuple[DayRecord, ...]]:
        """The records of one type and day, page by page."""


class UsageProductsPort(Protocol):
    """What usage_reports know."""

    async def usage_products(self) -> tuple[str, ...]:
        """The products that have a cost, as usage_reports name them."""
