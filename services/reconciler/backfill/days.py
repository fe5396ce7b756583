"""UTC days as the backfill reckons with them: how each is booked, and stretches of them. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from services.common.times import utc_day
from services.reconciler.windows import Window

DaySource = Literal["detail_records", "report", "report_without_ids"]
"""From where the records of one type and day are booked: the Detail Records API, or a batch report (CSV) whose rows
carry the API's record ids, or one whose rows do not."""

TypeDay = tuple[str, date]
"""(record type, UTC day)"""

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayState:
    """What the book has of one type and day.

    `source`: the claim that stands; None where nothing has claimed the day. `is_read`: a sweep over the whole day,
    read after it, found exactly the records that the book holds, or a report has shown that there are none.
    """

    source: DaySource | None = None
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """From `first` to `after`, exclusive."""

    first: date
    after: date

    def __iter__(self) -> Iterator[date]:
        """Newest first."""
        return (self.after - ONE_DAY * back for back in range(1, self.count + 1))

    @property
    def count(self) -> int:
        """How many days these are."""
        return max(0, (self.after - self.first).days)

    @property
    def window(self) -> Window:
        """The same days as a window of time."""
        return Window(midnight(self.first), midnight(max(self.first, self.after)))

    def before(self, day: date) -> "Days":
        """Those of the days that lie before this one."""
        return Days(self.first, min(self.after, day))

    def since(self, day: date) -> "Days":
        """This day and those after it."""
        return Days(max(self.first, day), self.after)


def midnight(day: date) -> datetime:
    """When a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def runs(days: Iterable[date]) -> list[Days]:
    """The same days as unbroken stretches, newest first."""
    found: list[Days] = []
    for day in sorted(set(days)):
        if found and found[-1].after == day:
            found[-1] = Days(found[-1].first, day + ONE_DAY)
        else:
            found.append(Days(day, day + ONE_DAY))
    return found[::-1]


def days_of(windows: Iterable[Window]) -> set[date]:
    """The days that any of these windows touches."""
    return {
        day
        for window in windows
        if window.length_s
        for day in Days(utc_day(window.start_at), utc_day(window.end_at - timedelta.resolution) + ONE_DAY)
    }


def spoken(days: Iterable[date]) -> str:
    """Days for people: `2026-09-01`, `2026-09-01 to 2026-09-30`, and `30 days from ... to ...` where some lack."""
    known = sorted(set(days))
    first, last = known[0], known[-1]
    if first == last:
        return first.isoformat()
    whole = len(known) == (last - first).days + 1
    return f"{first} to {last}" if whole else f"{len(known)} days from {first} to {last}"
