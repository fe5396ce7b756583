"""The columns of a chart over time: days, or for longer periods weeks, months or years. Pure.

All of them in UTC, as the days of the book are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from gateway.pages.periods import Period, midnight

Unit = Literal["day", "week", "month", "year"]

_MOST_DAYS: tuple[tuple[Unit, int], ...] = (("day", 62), ("week", 62 * 7), ("month", 62 * 31))
"""Up to which length of a period each unit is used."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A column: a day, a week (from Monday), a month or a year that begins with `start`.

    `period` is what of it is asked about; `label` is short, `name` is whole.
    """

    start: date
    period: Period
    label: str
    name: str


def unit_of(period: Period) -> Unit:
    """The smallest unit that makes no more columns than can be told apart."""
    length_days = (period.to_at - period.from_at).days
    for unit, most_days in _MOST_DAYS:
        if length_days <= most_days:
            return unit
    return "year"


def start_of(day: date, unit: Unit) -> date:
    """The first day of the unit in which a day lies."""
    match unit:
        case "day":
            return day
        case "week":
            # The calendar itself begins on a Monday.
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)


def buckets_of(period: Period, until: datetime | None) -> list[Bucket]:
    """All columns of a period, without gaps.

    The first may be cut off by the period's beginning, the last by `until`: the end that was asked for, which can be
    later than that of the period, or open.
    """
    unit = unit_of(period)
    made: list[Bucket] = []
    start: date | None = start_of(_utc_day(period.from_at), unit)
    while start is not None and midnight(start) < period.to_at:
        following = _start_after(start, unit)
        from_at = max(period.from_at, midnight(start))
        ends = [end for end in (until, midnight(following) if following else None) if end is not None]
        to_at = min(ends, default=period.to_at)
        made.append(Bucket(start, Period(from_at, to_at), _label(start, unit), _name(start, unit)))
        start = following
    return made


def into_buckets(
    buckets: list[Bucket], nanos_by_day: Mapping[date, Mapping[str, int]], unit: Unit
) -> list[dict[str, int]]:
    """For each column the sums by part; what lies outside of all columns is left out."""
    sums: dict[date, dict[str, int]] = {bucket.start: {} for bucket in buckets}
    for day, parts in nanos_by_day.items():
        of_bucket = sums.get(start_of(day, unit))
        if of_bucket is not None:
            for part, nanos in parts.items():
                of_bucket[part] = of_bucket.get(part, 0) + nanos
    return [sums[bucket.start] for bucket in buckets]


def _start_after(start: date, unit: Unit) -> date | None:
    """None at the end of all calendars."""
    reach_days = {"day": 1, "week": 7, "month": 31, "year": 366}[unit]
    try:
        return start_of(start + timedelta(days=reach_days), unit)
    except OverflowError:
        return None


def _label(start: date, unit: Unit) -> str:
    match unit:
        case "day" | "week":
            return f"{start.day} {_MONTHS[start.month - 1]}"
        case "month":
            return f"{_MONTHS[start.month - 1]} {start.year}"
        case "year":
            return str(start.year)


def _name(start: date, unit: Unit) -> str:
    match unit:
        case "day":
            return start.isoformat()
        case "week":
            return f"week from {start.isoformat()}"
        case _:
            return _label(start, unit)


def _utc_day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
