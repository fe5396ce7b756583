"""What of the days that are wanted by windows is still to be read: pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.reconciler.backfill.days import days_of, midnight, runs
from services.reconciler.coverage import gaps, merge
from services.reconciler.windows import PAGE_ROWS, Window

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gaps:
    """The days of one type that are wanted, as far as they are not covered; both as disjoint windows in order."""

    wanted: tuple[Window, ...]
    covered: tuple[Window, ...] = ()

    def with_covered(self, *stretches: Window) -> "Gaps":
        """The same, once these were read."""
        return replace(self, covered=merge((*self.covered, *stretches)))

    @property
    def open(self) -> list[Window]:
        """What is not read yet, newest first."""
        return [gap for window in self.wanted[::-1] for gap in gaps(self.covered, window)]

    @property
    def open_days(self) -> int:
        """On how many days something is not read yet."""
        return len(days_of(self.open))

    def next_window(self, rows_per_s: float) -> Window | None:
        """What to read next: the newest gap, at most a UTC day of it, or as many days as will fit on one page."""
        still_open = self.open
        if not still_open:
            return None
        newest = still_open[0]
        days = max(1, int(PAGE_ROWS / (rows_per_s * _DAY.total_seconds())))
        last_day = max(days_of([newest]))
        return Window(max(newest.start_at, midnight(last_day) - (days - 1) * _DAY), newest.end_at)


def wanted_windows(days: Iterable[date], until: datetime) -> tuple[Window, ...]:
    """These days as windows in order of time, cut off at `until`: nothing later can have been published."""
    stretches = [stretch.window for stretch in runs(days)[::-1]]
    return tuple(
        Window(stretch.start_at, min(stretch.end_at, until))
        for stretch in stretches
        if stretch.start_at < until
    )
