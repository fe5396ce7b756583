"""Which of the due jobs are served now, and which wait until more share the requests: pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reconciler.budget import RequestBudget
from services.reconciler.items import OpenItem
from services.reconciler.job import Job

LONGEST_WAIT = timedelta(minutes=30)
"""After this a first attempt is made whatever it costs."""

LONGEST_WAIT_AGAIN = timedelta(minutes=60)
"""After this an attempt is repeated: seldom has come by then what was not there before."""

SHARED_SPAN = timedelta(minutes=8)
"""Over so much time of beginnings a window is wide against its margins."""

MOST_REQUESTS = 120
"""A round ends within about three minutes of the quota, so that the next can begin with what is new."""

ALL_VISIBLE = timedelta(seconds=140)
"""All records of a call are published by then, the billed sip-trunking record last (Telnyx facts, section 3)."""

_MOST_PRESSING = 50
_UNLIMITED = RequestBudget(saved=float(MOST_REQUESTS))

Costs = Callable[[Sequence[OpenItem]], Sequence[int]]
"""How many requests it is likely to take to serve the first of these, the first two, and so on to all of them."""


@dataclass(frozen=True, slots=True)
class DueJob:
    """A job whose attempt is due, with what it still misses."""

    job: Job
    item: OpenItem

    @property
    def is_first(self) -> bool:
        """Whether this would be its first attempt."""
        return not self.job.attempts

    @property
    def session(self) -> str:
        """What shares its requests in any case."""
        return self.item.session_id or self.item.record_id

    def has_waited(self, now: datetime) -> timedelta:
        """How long ago its attempt was due."""
        return now - self.job.next_run_at if self.job.next_run_at else timedelta()

    def is_pressing(self, now: datetime) -> bool:
        """Whether it has waited as long as it may."""
        return self.has_waited(now) >= (LONGEST_WAIT if self.is_first else LONGEST_WAIT_AGAIN)


@dataclass(frozen=True, slots=True)
class Choice:
    """Those to serve now, and how many requests all would have taken beyond what the budget allows; 0 if it is all."""

    chosen: tuple[DueJob, ...]
    shortfall: float = 0.0


def choose(due: Sequence[DueJob], costs_of: Costs, budget: RequestBudget, now: datetime) -> Choice:
    """All that the budget allows; else the first attempts whose calls began earliest, as many as share well.

    Calls that began long ago have all ended: a window over their beginnings is read once and for good. What comes
    after the first attempt waits for what the others leave. While the budget is low, what was hung up a moment ago
    waits until all its records can be there. Nothing waits for ever, whatever it costs.
    """
    if budget.is_low:
        due = [one for one in due if not one.is_first or now - one.item.opened_at >= ALL_VISIBLE]
    everyone = sorted(due, key=lambda one: one.item.start_at)
    cost = _cost(everyone, costs_of)
    allowance = min(MOST_REQUESTS, budget.allowance(new_sessions(everyone)))
    if cost <= allowance:
        return Choice(tuple(due))
    first = [one for one in everyone if one.is_first]
    again = [one for one in everyone if not one.is_first]
    chosen = [one for one in again if one.is_pressing(now)][:_MOST_PRESSING]
    pressed = _pressed(first, now)
    chosen = _joined(chosen, first[:pressed], costs_of, _UNLIMITED)
    chosen = _joined(chosen, first[pressed:], costs_of, budget)
    chosen = _joined(chosen, [one for one in again if not one.is_pressing(now)], costs_of, budget)
    return Choice(tuple(chosen), cost - allowance)


def _pressed(first: Sequence[DueJob], now: datetime) -> int:
    """How many of these, from the first on, are served because one of them can wait no longer.

    Those whose calls began before it share what it costs. So do those that began soon after it: their turn would come
    in a moment, and the margins of many narrow windows are read twice.
    """
    latest = max((one.item.start_at for one in first if one.is_pressing(now)), default=None)
    return 0 if latest is None else sum(one.item.start_at <= latest + SHARED_SPAN for one in first)


def new_sessions(chosen: Sequence[DueJob]) -> int:
    """For how many sessions (or messages) this would be the first attempt."""
    return len({one.session for one in chosen if one.is_first})


def _cost(ordered: Sequence[DueJob], costs_of: Costs) -> int:
    return costs_of([one.item for one in ordered])[-1] if ordered else 0


def _joined(
    chosen: list[DueJob], candidates: Sequence[DueJob], costs_of: Costs, budget: RequestBudget
) -> list[DueJob]:
    """What is chosen already, and as many of the candidates, from the first on, as the budget allows beside."""
    if not candidates:
        return chosen
    spent, sessions = _cost(chosen, costs_of), {one.session for one in chosen if one.is_first}
    most = 0
    for count, (one, cost) in enumerate(
        zip(candidates, costs_of([one.item for one in candidates]), strict=True), start=1
    ):
        if spent + cost > MOST_REQUESTS:
            break
        if one.is_first:
            sessions.add(one.session)
        if spent + cost <= budget.allowance(len(sessions)):
            most = count
    return [*chosen, *candidates[:most]]
