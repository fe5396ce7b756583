"""Days and moments as they are given on the command line: UTC, `--to` inclusive where it is a day. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.common.errors import InvalidInput
from services.common.times import UnreadableTime, parse_rfc3339, utc_day

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ONE_DAY = timedelta(days=1)
_LATEST = date(9999, 1, 1)
LAST_DAYS = 30
"""Without a range: the last 30 days, as over HTTP."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """From `first` to `last`, both inclusive."""

    first: date
    last: date

    @property
    def after(self) -> date:
        """The day after the last."""
        return self.last + _ONE_DAY


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From `from_at` to `to_at`, exclusive."""

    from_at: datetime
    to_at: datetime


def day_span(from_text: str | None, to_text: str | None, now: datetime) -> DaySpan:
    """The days that were asked for; without them the last 30, up to today. Raises InvalidInput."""
    last = _day(to_text, "--to") if to_text else utc_day(now)
    first = _day(from_text, "--from") if from_text else last - (LAST_DAYS - 1) * _ONE_DAY
    if first > last:
        raise InvalidInput(f"--from ({first}) lies after --to ({last})", field="to")
    return DaySpan(first, last)


def time_span(from_text: str | None, to_text: str | None, now: datetime) -> TimeSpan:
    """The time that was asked for, as days or as moments; a day as `--to` is part of it. Raises InvalidInput."""
    to_at = _moment(to_text, "--to", is_end=True) if to_text else now
    from_at = _moment(from_text, "--from", is_end=False) if from_text else to_at - LAST_DAYS * _ONE_DAY
    if from_at >= to_at:
        raise InvalidInput("--from must lie before --to", field="to")
    return TimeSpan(from_at, to_at)


def _day(text: str, option: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not date(1970, 1, 1) <= day < _LATEST:
        raise InvalidInput(f"{option}: {text[:40]!r} is no day; write it as 2026-11-22", field=option)
    return day


def _moment(text: str, option: str, *, is_end: bool) -> datetime:
    if "T" not in text and " " not in text:
        day = _day(text, option)
        return datetime.combine(day + _ONE_DAY if is_end else day, time(), UTC)
    try:
        return parse_rfc3339(text)
    except UnreadableTime as error:
        raise InvalidInput(
            f"{option}: {text[:40]!r} is no moment; write it as 2026-11-22T13:30:00Z", field=option
        ) from error
