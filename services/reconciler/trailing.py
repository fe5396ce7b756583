"""What the trailing sweeps and the backfill have to read next, from what was read before: pure (design, rule 3.n)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.common.times import EPOCH
from services.reconciler.coverage import covered_by, gaps, merge
from services.reconciler.day_closing import days_closed_by
from services.reconciler.retention import KEPT
from services.reconciler.sweep import Sweep
from services.reconciler.windows import PAGE_ROWS, Window

FORWARD = timedelta(minutes=5)
"""Sweeps reach this far past now: carrier clocks differ."""

FIRST_REACH = timedelta(hours=24)
"""An empty book starts with this much, and after a stop a sweep reaches back to where it ended, at most this far."""

_SHORT_EXTRA = timedelta(minutes=15)
_BEYOND_HORIZON = timedelta(hours=5)
"""Four hours by the design, and one so that a window also spans an hour before the start of what it should close."""

_ATTEMPTS_TAKE = timedelta(minutes=40)
"""Attempts wait up to half an hour for one another, and take their time."""

_LONG_EVERY = timedelta(hours=4)
_LONG_INTERVALS = 16
_QUIET_AFTER = timedelta(days=7)
_QUIET_INTERVALS = 4
_DAY = timedelta(days=1)

_CLOCK_SLACK = timedelta(minutes=1)
"""telnyx-gateway times the reading, and its clock may be a little behind ours."""


@dataclass(frozen=True, slots=True)
class SweepRules:
    """How often and how far trailing sweeps reach.

    The short sweep runs every `interval`. The long one reaches beyond the settle horizon, and runs as rarely as still
    lets every record be looked at once more after the horizon: every 4 h (every 16 intervals, if these are shorter).
    """

    interval: timedelta
    horizon: timedelta

    @property
    def short_reach(self) -> timedelta:
        """How far back the short sweep looks."""
        return 2 * self.interval + _SHORT_EXTRA

    @property
    def long_reach(self) -> timedelta:
        """How far back the long sweep looks."""
        return self.horizon + _BEYOND_HORIZON

    @property
    def long_every(self) -> timedelta:
        """How often the long sweep runs."""
        return min(_LONG_EVERY, _LONG_INTERVALS * self.interval)


@dataclass(frozen=True, slots=True)
class SweepHistory:
    """What the sweeps of one type have covered so far, and the days they closed. Moments are when one was read."""

    covered: tuple[Window, ...] = ()
    short_at: datetime = EPOCH
    long_at: datetime = EPOCH
    rows_at: datetime = EPOCH
    closed_days: frozenset[date] = frozenset()

    def with_sweep(self, sweep: Sweep, rules: SweepRules) -> "SweepHistory":
        """The history after one more sweep, in whatever order they are told."""
        noted = replace(self, rows_at=max(self.rows_at, sweep.read_at)) if sweep.total_results else self
        closed = days_closed_by(sweep, rules.horizon)
        if closed:
            noted = replace(noted, closed_days=noted.closed_days | closed)
        stretch = covered_by(sweep)
        if stretch is not None:
            noted = replace(noted, covered=merge((*noted.covered, stretch)))
        if sweep.window.end_at < sweep.read_at - _ATTEMPTS_TAKE - _CLOCK_SLACK:
            return noted
        if sweep.window.start_at <= sweep.read_at - rules.short_reach:
            noted = replace(noted, short_at=max(noted.short_at, sweep.read_at))
        if sweep.window.start_at <= sweep.read_at - rules.long_reach:
            noted = replace(noted, long_at=max(noted.long_at, sweep.read_at))
        return noted

    def after_short(self, read_from: datetime) -> "SweepHistory":
        """The history once a short sweep that began at `read_from` is done, also if it took several windows."""
        return replace(self, short_at=max(self.short_at, read_from))

    def after_long(self, read_from: datetime) -> "SweepHistory":
        """Like after_short, for the long sweep."""
        return replace(self.after_short(read_from), long_at=max(self.long_at, read_from))

    def short_window(self, now: datetime, rules: SweepRules, *, may_rest: bool) -> Window | None:
        """What the short sweep should read now; None if it is not due yet.

        The first one looks at a whole day or more; after a stop it reaches back to before the last one. A type that
        `may_rest` and had no rows for a week is asked less often.
        """
        rests = may_rest and self.rows_at < now - _QUIET_AFTER
        every = rules.interval * _QUIET_INTERVALS if rests else rules.interval
        if now < self.short_at + every:
            return None
        if not self.covered:
            return Window(now - max(FIRST_REACH, rules.long_reach) - _CLOCK_SLACK, now + FORWARD)
        reach = rules.short_reach + (every - rules.interval) + _CLOCK_SLACK
        start_at = min(now - reach, max(self.short_at - _SHORT_EXTRA, now - FIRST_REACH))
        return Window(start_at, now + FORWARD)

    def long_window(self, now: datetime, rules: SweepRules) -> Window | None:
        """What the long sweep should read now; None if it is not due yet."""
        if now < self.long_at + rules.long_every:
            return None
        return Window(now - rules.long_reach - _CLOCK_SLACK, now + FORWARD)

    def backfill_window(self, now: datetime, rows_per_s: float) -> Window | None:
        """The newest stretch of the last 30 days that no sweep has covered; None when there is none.

        The first of these days is read in whole: a day that was read in part could be filled from no other source
        later. At most a UTC day at a time, or as many as will fit on one page.
        """
        kept = Window(_midnight(now - KEPT), now - FIRST_REACH)
        open_gaps = gaps(self.covered, kept)
        if not open_gaps:
            return None
        newest = open_gaps[0]
        days = max(1, int(PAGE_ROWS / (rows_per_s * _DAY.total_seconds())))
        midnight = _midnight(newest.end_at)
        if midnight == newest.end_at:
            midnight -= _DAY
        return Window(max(newest.start_at, midnight - (days - 1) * _DAY), newest.end_at)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def settled_part(window: Window, now: datetime) -> Window:
    """The window that is worth counting instead where records are many: of the last minutes some are yet to come.

    Some calls still last, and attempts wait for one another; what nobody announced is read when they have been made.
    """
    return Window(window.start_at - _ATTEMPTS_TAKE, now - _ATTEMPTS_TAKE)


def history_of(sweeps: Iterable[Sweep], rules: SweepRules) -> SweepHistory:
    """The history that these sweeps of one type come to."""
    history = SweepHistory()
    for sweep in sweeps:
        history = history.with_sweep(sweep, rules)
    return history
