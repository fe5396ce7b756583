"""When something is to be asked again that Telnyx never announces. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from services.common.times import utc_day
from services.reconciler.audit.book_days import day_window

CHARGES_REACH: Final = timedelta(days=31)
"""How far back charges_summary is read when the book knows nothing."""

_FINAL_AFTER: Final = timedelta(days=3)
"""Taxes are booked for the day before, and corrections come: an answer of that age after the day's end is its last."""

_AGAIN_AFTER: Final = timedelta(hours=24)
_AUDIT_MARGIN: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)


def charges_days_due(read_at: Mapping[date, datetime], now: datetime) -> list[date]:
    """The closed UTC days of which charges_summary is to be read now, newest first.

    `read_at`: when each day was last read. A day is read once it is over, and again each day until it is final.
    """
    today = utc_day(now)
    days = (today - offset * _DAY for offset in range(1, CHARGES_REACH.days + 1))
    return [day for day in days if _is_due(day, read_at.get(day), now)]


def _is_due(day: date, read_at: datetime | None, now: datetime) -> bool:
    end_at = day_window(day).end_at
    if read_at is None or read_at < end_at:
        return True
    return read_at < end_at + _FINAL_AFTER and now >= read_at + _AGAIN_AFTER


def audit_moment(now: datetime, horizon: timedelta) -> datetime:
    """The latest moment, now or before, at which the daily audit is to run: shortly after another day has closed."""
    time_of_day = (horizon + _AUDIT_MARGIN) % _DAY
    moment = day_window(utc_day(now)).start_at + time_of_day
    return moment if moment <= now else moment - _DAY
