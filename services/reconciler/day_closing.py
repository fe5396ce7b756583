"""Closing UTC days: once nothing more is to come, each type's day is held against Telnyx as a whole. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from services.common.times import utc_day
from services.reconciler.audit.book_days import BookDay, day_window
from services.reconciler.audit.rounding import agrees
from services.reconciler.sweep import Sweep
from services.reconciler.windows import Window

CLOSING_MARGIN = timedelta(hours=1)
"""A closing window reaches from an hour before the start to an hour after the end (design, rule 3.n)."""

LEAST_DECIMALS = 2
"""No bill is written coarser than in cents; JSON drops trailing zeros."""

_OVER_MIDNIGHT = timedelta(hours=1)
"""Calls that begin in a day and end this long after it are closed with it."""

_DAY = timedelta(days=1)


def closing_window(day: date) -> Window:
    """What must be counted to close every call that began in a day and ended at most an hour after it."""
    whole = day_window(day).widened(CLOSING_MARGIN)
    return Window(whole.start_at, whole.end_at + _OVER_MIDNIGHT)


def closes_at(day: date, horizon: timedelta) -> datetime:
    """From when on a day can be closed."""
    return day_window(day).end_at + _OVER_MIDNIGHT + horizon


def days_closed_by(sweep: Sweep, horizon: timedelta) -> frozenset[date]:
    """The days that a sweep has closed: it spans them with their margins, and was read late enough."""
    if sweep.verdict not in {"complete", "unproven"} or sweep.window.length_s < _DAY.total_seconds():
        return frozenset()
    first, last = utc_day(sweep.window.start_at), utc_day(sweep.window.end_at)
    days = (first + offset * _DAY for offset in range((last - first).days + 1))
    return frozenset(
        day
        for day in days
        if sweep.window.spans(closing_window(day)) and sweep.read_at >= closes_at(day, horizon)
    )


def days_to_close(first: date, closed: Iterable[date], now: datetime, horizon: timedelta) -> list[date]:
    """The days from `first` on that can be closed and are not, oldest first."""
    done = frozenset(closed)
    days = (first + offset * _DAY for offset in range((utc_day(now) - first).days))
    return [day for day in days if day not in done and closes_at(day, horizon) <= now]


def awaits_its_day(span: Window, closed: Iterable[date]) -> bool:
    """Whether closing the day on which something began will close it too, and is yet to come."""
    day = utc_day(span.start_at)
    return closing_window(day).spans(span.widened(CLOSING_MARGIN)) and day not in frozenset(closed)


def costs_agree(days: Iterable[BookDay], record_type: str, day: date) -> bool:
    """Whether usage_reports name the cost of a type's day as the book has it, at the report's own decimals.

    Where the book has money and usage_reports say nothing, nobody knows.
    """
    return all(
        not one.unreadable_count
        and (
            not one.book.nanos
            if one.reported is None
            else agrees(one.book.nanos, one.reported.nanos, max(LEAST_DECIMALS, one.reported_decimals))
        )
        for one in days
        if one.record_type == record_type and one.day == day
    )
