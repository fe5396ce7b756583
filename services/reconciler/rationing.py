"""Which of the due jobs are served now, and which wait until more share the requests: pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reconciler.budget import RequestBudget
from services.reconciler.items import OpenItem
from services.reconciler.job import Job

LONGEST_WAIT = timedelta(minutes=20)
"""After this an attempt is made whatever it costs."""

MOST_REQUESTS = 80
"""A round ends within about two minutes of the quota, so that the next can begin with what is new."""

_STEPS = 8

Cost = Callable[[Sequence[OpenItem]], int]


@dataclass(frozen=True, slots=True)
class DueJob:
    """A job whose attempt is due, with what it still misses."""

    job: Job
    item: OpenItem

    def has_waited(self, now: datetime) -> timedelta:
        """How long ago its attempt was due."""
        return now - self.job.next_run_at if self.job.next_run_at else timedelta()


def choose(due: Sequence[DueJob], cost_of: Cost, budget: RequestBudget, now: datetime) -> list[DueJob]:
    """Those to serve now: all that the budget allows; else the oldest of the first attempts, as many as share well.

    Calls that began long ago have all ended: a window over their beginnings is read once and for good. What comes
    after the first attempt waits for what the others leave. Nothing waits longer than LONGEST_WAIT.
    """
    if _is_allowed(due, cost_of, budget):
        return list(due)
    forced = [one for one in due if one.has_waited(now) >= LONGEST_WAIT]
    rest = [one for one in due if one.has_waited(now) < LONGEST_WAIT]
    first = sorted((one for one in rest if not one.job.attempts), key=lambda one: one.item.start_at)
    again = sorted(
        (one for one in rest if one.job.attempts), key=lambda one: one.has_waited(now), reverse=True
    )
    forced = _most(forced, [], cost_of, budget) or forced[: MOST_REQUESTS // 2]
    chosen = _most(first, forced, cost_of, budget)
    return _most(again, chosen, cost_of, budget)


def _most(
    candidates: Sequence[DueJob], chosen: Sequence[DueJob], cost_of: Cost, budget: RequestBudget
) -> list[DueJob]:
    """What is chosen already, with as many of the candidates, from the first on, as the budget allows beside."""
    for step in range(_STEPS, 0, -1):
        together = [*chosen, *candidates[: len(candidates) * step // _STEPS]]
        if len(together) > len(chosen) and _is_allowed(together, cost_of, budget):
            return together
    return list(chosen)


def _is_allowed(chosen: Sequence[DueJob], cost_of: Cost, budget: RequestBudget) -> bool:
    cost = cost_of([one.item for one in chosen])
    return cost <= MOST_REQUESTS and budget.allows(cost, new_sessions(chosen))


def new_sessions(chosen: Sequence[DueJob]) -> int:
    """For how many sessions (or messages) this would be the first attempt."""
    return len({one.item.session_id or one.item.record_id for one in chosen if not one.job.attempts})
