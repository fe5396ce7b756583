"""How long a leg waits to become exact once Telnyx has all its records, and how much of that is the schedule's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.reconciler.schedule import Schedule
from tests.simulation.planner_traffic import PlannedLeg, PlannedSession
from tests.simulation.planner_world import moment

HANG_UP_TAKES_S = 0.5
"""From the end of a leg to the receipt of its hang-up."""

_TIME_ENOUGH_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Lag:
    """`lag_s`: from the last needed record to exact. `beyond_s`: of that, beyond the next attempt of the schedule.

    Below 0 where it did not have to wait for that attempt: another call's reading, or a sweep, brought the record.
    """

    lag_s: float
    beyond_s: float


class Lags:
    """What was planned of each leg, to be held against when it became exact."""

    def __init__(self, schedule: Schedule, sweep_interval: timedelta) -> None:
        self._schedule = schedule
        self._sweep_interval_s = sweep_interval.total_seconds()
        self._legs: list[tuple[PlannedLeg, float]] = []

    def expect(self, session: PlannedSession) -> None:
        """Note the legs all of whose records will come."""
        first_s: defaultdict[str, float] = defaultdict(lambda: float("inf"))
        for row in session.rows:
            first_s[row.record_type] = min(first_s[row.record_type], row.visible_s)
        for leg in session.legs:
            complete_s = max(first_s[name] for name in leg.missing)
            if complete_s < float("inf"):
                self._legs.append((leg, max(complete_s, leg.end_s + HANG_UP_TAKES_S)))

    def lags(self, exact_s: Mapping[str, float], now_s: float) -> tuple[Lag, ...]:
        """Of the legs that could have become exact an hour ago or earlier; what is open still has waited until now."""
        return tuple(
            Lag(at_s - complete_s, at_s - self._looked_at_s(leg.end_s + HANG_UP_TAKES_S, complete_s))
            for leg, complete_s in self._legs
            if complete_s <= now_s - _TIME_ENOUGH_S
            for at_s in (exact_s.get(leg.call_id, now_s),)
        )

    def _looked_at_s(self, opened_s: float, at_s: float) -> float:
        """When the next attempt after a moment is due, each before it having run when it was; then come sweeps."""
        opened_at, due_at, made = moment(opened_s), self._schedule.first_run_at(moment(opened_s)), 0
        while due_at < moment(at_s):
            following = self._schedule.after_attempt(opened_at, made, due_at, due_at)
            if following.run_at is None:
                return at_s + self._sweep_interval_s
            due_at, made = following.run_at, following.attempts
        return (due_at - moment(0)).total_seconds()


def quantile(figures: Iterable[float], share: float) -> float:
    """The figure that this share of all lies below; 0 of none."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
