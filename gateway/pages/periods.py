"""Stretches of time: the ready-made ranges, what a range covers now, and the period before it. Pure.

Days are UTC days (design, section 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready-made range; `parameters` is what it is in the address of the page."""

    name: str
    label: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment, inclusive, to a later one, exclusive."""

    from_at: datetime
    to_at: datetime


def presets(now: datetime) -> list[Preset]:
    """What one usually wants to see, on the day of `now`."""
    today = now.astimezone(UTC).date()
    yesterday = today - _ONE_DAY
    month_start = today.replace(day=1)
    month_before_end = month_start - _ONE_DAY
    return [
        Preset("today", "Today", _days(today, today)),
        Preset("yesterday", "Yesterday", _days(yesterday, yesterday)),
        Preset("7-days", "7 days", {"days": "7", "from": "", "to": ""}),
        Preset("30-days", "30 days", {"days": "", "from": "", "to": ""}),
        Preset("this-month", "This month", _days(month_start, today)),
        Preset("last-month", "Last month", _days(month_before_end.replace(day=1), month_before_end)),
    ]


def _days(first: date, last: date) -> Mapping[str, str]:
    return {"days": "", "from": first.isoformat(), "to": last.isoformat()}


def covered_period(from_at: datetime | None, to_at: datetime | None, now: datetime) -> Period | None:
    """What a range covers by now: what is still to come does not count.

    None where it has no beginning, or begins in the future.
    """
    end = now if to_at is None else min(to_at, now)
    if from_at is None or from_at >= end:
        return None
    return Period(from_at, end)


def period_before(period: Period) -> Period | None:
    """The same length of time, just before; None where the calendar has no such time."""
    try:
        return Period(period.from_at - (period.to_at - period.from_at), period.from_at)
    except OverflowError:
        return None


def start_parameter(moment: datetime) -> str:
    """A moment as `from`: a bare date where it is the first of its day."""
    return moment.date().isoformat() if _is_midnight(moment) else _exact(moment)


def end_parameter(moment: datetime) -> str:
    """A moment, exclusive, as `to`: the date of the last day, where the range ends with it."""
    return (moment - _ONE_DAY).date().isoformat() if _is_midnight(moment) else _exact(moment)


def midnight(day: date) -> datetime:
    """The first moment of a UTC day."""
    return datetime.combine(day, time.min, UTC)


def _is_midnight(moment: datetime) -> bool:
    return moment.astimezone(UTC).time() == time.min


def _exact(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
