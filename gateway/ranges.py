"""Ranges that have both ends, for what is asked about whole days or about a stretch of time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.requests import Request

from gateway.filters import DEFAULT_DAYS, read_range
from gateway.pages.periods import Period
from gateway.parameters import text_parameter
from gateway.problems import Problem
from services.common.times import utc_day

MAX_AUDITED_DAYS = 92
"""As many as three months have."""

_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Days:
    """UTC days; `end` is exclusive."""

    first: date
    end: date

    @property
    def last(self) -> date:
        """The last of them."""
        return self.end - _ONE_DAY

    @property
    def count(self) -> int:
        """How many they are."""
        return (self.end - self.first).days


def read_days(request: Request, now: datetime) -> Days:
    """The whole UTC days that the range of a request touches. Raises Problem: 400 where they are too many."""
    period = read_period(request, now)
    days = Days(utc_day(period.from_at), utc_day(period.to_at - _INSTANT) + _ONE_DAY)
    if days.count > MAX_AUDITED_DAYS:
        raise Problem(
            400,
            f"an audit covers at most {MAX_AUDITED_DAYS} days, and this range has {days.count}",
            "days" if text_parameter(request, "days") else "from",
        )
    return days


def read_period(request: Request, now: datetime) -> Period:
    """The range of a request; without `from` it has the usual length, without `to` it ends now. Raises Problem."""
    span = read_range(request, now)
    to_at = span.to_at or max(now, (span.from_at or now) + _INSTANT)
    return Period(span.from_at or to_at - timedelta(days=DEFAULT_DAYS), to_at)
