"""Book days, records and terms for the tests of the audit. Days are counted from the 20th of November 2026."""

from datetime import UTC, date, datetime, timedelta

from services.common.money import Money
from services.reconciler.audit.book_days import BookDay, DayRecord, day_window
from services.reconciler.audit.verdicts import AuditTerms, Readings

FIRST = date(2026, 11, 20)
HORIZON = timedelta(hours=24)
LATER = datetime(2026, 12, 10, 12, 0, tzinfo=UTC)
"""When all days of these tests have long been closed."""

TERMS = AuditTerms(LATER, HORIZON)


def never(record_type: str, day: date) -> datetime | None:
    """usage_reports have answered about nothing."""
    del record_type, day
    return None


def always(record_type: str, day: date) -> datetime | None:
    """usage_reports have answered about everything, after the horizon."""
    del record_type, day
    return LATER


UNASKED = Readings(asked_at=never, reread_at=never)
ASKED = Readings(asked_at=always, reread_at=never)


def book_day(
    offset: int,
    book_nanos: int,
    reported_nanos: int | None = None,
    *,
    record_type: str = "sip-trunking",
    currency: str = "USD",
    decimals: int = 9,
    open_count: int = 0,
    unreadable_count: int = 0,
    reported_at: datetime | None = LATER,
    is_complete: bool = True,
) -> BookDay:
    """So many days after the first, with one record."""
    is_reported = reported_nanos is not None
    return BookDay(
        record_type=record_type,
        day=FIRST + timedelta(days=offset),
        book=Money(currency, book_nanos),
        record_count=1,
        open_count=open_count,
        unreadable_count=unreadable_count,
        reported=Money(currency, reported_nanos) if reported_nanos is not None else None,
        reported_decimals=decimals if is_reported else 0,
        reported_at=reported_at if is_reported else None,
        is_complete=is_complete,
    )


def day_record(
    record_id: str,
    nanos: int | None,
    *,
    unbilled: int | None = None,
    at_s: float = 43_200,
    first_seen: datetime | None = None,
    last_seen: datetime = LATER,
    content_count: int = 1,
) -> DayRecord:
    """A record of the first day, at noon unless told otherwise, that was seen a minute later."""
    record_at = day_window(FIRST).start_at + timedelta(seconds=at_s)
    return DayRecord(
        record_id=record_id,
        record_at=record_at,
        cost=Money("USD", nanos) if nanos is not None else None,
        unbilled=Money("USD", unbilled) if unbilled is not None else None,
        first_observed_at=first_seen or record_at + timedelta(minutes=1),
        last_observed_at=last_seen,
        content_count=content_count,
        kind="call",
        charge_id=f"call-of-{record_id}",
    )
