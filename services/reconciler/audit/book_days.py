"""What the book says of whole UTC days, as the audit needs it: sums per record type, and the records behind them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from services.common.money import Money
from services.reconciler.backfill.days import DaySource
from services.reconciler.windows import Window

ChargeKind = Literal["", "call", "sms", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDay:
    """One record type (or "usage:<product>"), UTC day and currency: the book beside the last word of usage_reports.

    `book`: the records by their own time; those whose amount cannot be read (`unreadable_count`) count 0.
    `open_count`: legs and messages of the day that still wait for this type. `reported` is None where usage_reports
    have not spoken; it is exact to `reported_decimals`. `is_complete`: the whole day was read once it was over, and the
    book had just what Telnyx had.
    """

    record_type: str
    day: date
    book: Money
    record_count: int = 0
    unreadable_count: int = 0
    open_count: int = 0
    reported: Money | None = None
    reported_decimals: int = 0
    reported_at: datetime | None = None
    source: DaySource | None = None
    is_complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """A detail record of one type and day, and the charge that it ends in.

    `cost` is what counts, None where it cannot be read. `unbilled`: what it says it costs although it is not billable.
    Times are telnyx-gateway's: when an answer first and last held the record. `content_count` is above 1 if it was
    ever corrected.
    """

    record_id: str
    record_at: datetime | None
    cost: Money | None
    first_observed_at: datetime
    last_observed_at: datetime
    unbilled: Money | None = None
    content_count: int = 1
    kind: ChargeKind = ""
    charge_id: str = ""


def day_window(day: date) -> Window:
    """A UTC day as a window."""
    start_at = datetime.combine(day, time(), UTC)
    return Window(start_at, start_at + timedelta(days=1))
