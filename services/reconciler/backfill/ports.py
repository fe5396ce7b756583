"""What the backfill asks of the ledger and of telnyx-gateway beyond what sweeps do. All methods raise TollbookError."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from services.reconciler.backfill.days import Days, DaySource, DayState, TypeDay
from services.reconciler.windows import Window
from services.telnyx_vocabulary.detail_record import DetailRecord

ChargeKind = Literal["call", "sms"]
ReportStatus = Literal["pending", "complete", "failed", "expired"]


@dataclass(frozen=True, slots=True)
class ReportRows:
    """Some rows of a report, as detail records. `has_record_ids`: they carry the API's ids."""

    records: tuple[DetailRecord, ...]
    has_record_ids: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEnd:
    """The report was read to its end."""

    row_count: int
    broken_count: int
    has_record_ids: bool
    missing_columns: tuple[str, ...]
    read_at: datetime
    account_key: str


class DaysPort(Protocol):
    """What the book has of days."""

    async def day_states(self, days: Days) -> dict[TypeDay, DayState]:
        """Of each type and day that the book has something of; a day that is not there has nothing."""

    async def claim_days(
        self, record_type: str, days: Sequence[date], source: DaySource
    ) -> dict[date, DaySource]:
        """Claim days for a source; gives the claims that stand, which are the first."""

    async def charge_counts(self, kind: ChargeKind, days: Days) -> dict[date, int]:
        """How many charges of a kind these days hold; a day that is not there holds none."""


class ReportsPort(Protocol):
    """Telnyx's batch detail-record reports."""

    async def create_report(self, record_type: str, window: Window) -> str:
        """Order a report; gives its id."""

    async def report_status(self, record_type: str, report_id: str) -> ReportStatus:
        """How far Telnyx is with it."""

    def read_report(self, record_type: str, report_id: str) -> AsyncGenerator[ReportRows | ReportEnd, None]:
        """The rows of a complete report as they arrive, then its end. Without an end it is not whole."""
