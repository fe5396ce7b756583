"""Which due jobs are served now, and what they may cost."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.budget import BASE_PER_MINUTE, MOST_SAVED, PER_SESSION, RequestBudget
from services.reconciler.items import OpenItem
from services.reconciler.job import new_job
from services.reconciler.plan import plan_cost
from services.reconciler.rationing import LONGEST_WAIT, MOST_REQUESTS, DueJob, choose, new_sessions
from services.reconciler.schedule import Schedule
from tests.unit.reconciler.moments import NOON, after, item

SCHEDULE = Schedule((5, 30, 60))


def due(number: int, *, start_s: float = -200, waited_s: float = 0, attempts: int = 0) -> DueJob:
    """A job that has been due for so long."""
    one = item(f"leg-{number}", "sip-trunking", "call-control", start_s=start_s, end_s=max(start_s, -10))
    job = new_job(one, SCHEDULE, NOON, NOON)
    object.__setattr__(job, "attempts", attempts)
    object.__setattr__(job, "next_run_at", after(-waited_s))
    return DueJob(job, one)


def cost_at(rows_per_s: float) -> "Costs":
    return Costs(rows_per_s)


class Costs:
    """What the planner would ask."""

    def __init__(self, rows_per_s: float) -> None:
        self._rows_per_s = rows_per_s

    def __call__(self, items: Sequence[OpenItem]) -> int:
        return plan_cost(items, lambda _: self._rows_per_s)


def test_while_the_budget_lasts_everything_is_served_when_it_is_due() -> None:
    jobs = [due(number) for number in range(3)]
    assert choose(jobs, cost_at(0.01), RequestBudget(), NOON) == jobs


def test_without_budget_a_few_calls_wait_for_others() -> None:
    assert choose([due(1)], cost_at(1.0), RequestBudget(saved=0.0), NOON) == []


def test_a_crowd_pays_for_itself() -> None:
    crowd = [due(number, start_s=-1_000 + number / 2) for number in range(600)]
    chosen = choose(crowd, cost_at(0.3), RequestBudget(saved=0.0), NOON)
    assert chosen == crowd
    assert cost_at(0.3)([one.item for one in chosen]) <= PER_SESSION * 600


def test_of_too_many_the_oldest_beginnings_go_first_and_repetitions_take_what_is_left() -> None:
    crowd = [due(number, start_s=-4_000 + number) for number in range(1_500)]
    again = [due(2_000 + number, start_s=-9_000 - 500 * number, attempts=2) for number in range(20)]
    chosen = choose([*again, *crowd], cost_at(3.0), RequestBudget(saved=10.0), NOON)
    first = [one for one in chosen if not one.job.attempts]
    assert 0 < len(first) < len(crowd)
    assert chosen == [*crowd[: len(first)], *again[: len(chosen) - len(first)]]
    assert len(chosen) - len(first) < len(again)


def test_nothing_waits_for_ever() -> None:
    old = due(1, waited_s=LONGEST_WAIT.total_seconds(), attempts=3)
    assert choose([old, due(2)], cost_at(5.0), RequestBudget(saved=-MOST_SAVED), NOON) == [old]


jobs_due = st.lists(
    st.builds(
        due,
        st.integers(0, 10_000),
        start_s=st.floats(-20_000, -20),
        waited_s=st.floats(0, 2_000),
        attempts=st.integers(0, 3),
    ),
    max_size=60,
    unique_by=lambda one: one.job.call_id,
)


@given(jobs_due, st.floats(0.001, 5), st.floats(-MOST_SAVED, MOST_SAVED))
def test_what_is_chosen_is_allowed_or_has_waited_longest(
    jobs: list[DueJob], rows_per_s: float, saved: float
) -> None:
    costs, budget = cost_at(rows_per_s), RequestBudget(saved=saved)
    chosen = choose(jobs, costs, budget, NOON)
    assert len({one.job.call_id for one in chosen}) == len(chosen)
    assert all(one in jobs for one in chosen)
    forced = [one for one in chosen if one.has_waited(NOON) >= LONGEST_WAIT]
    cost = costs([one.item for one in chosen])
    is_allowed = cost <= MOST_REQUESTS and budget.allows(cost, new_sessions(chosen))
    assert is_allowed or chosen == forced
    # Of those that have waited longest some are always among them.
    has_forced = any(one.has_waited(NOON) >= LONGEST_WAIT for one in jobs)
    assert bool(forced) or not has_forced


@given(st.lists(st.tuples(st.floats(0, 600), st.integers(0, 100), st.integers(0, 50)), max_size=50))
def test_in_the_long_run_no_more_is_spent_than_time_and_sessions_bring(
    rounds: list[tuple[float, int, int]],
) -> None:
    budget, now_s, spent, sessions = RequestBudget(), 0.0, 0, 0
    for pause_s, cost, session_count in rounds:
        now_s += pause_s
        budget.refill(now_s)
        if budget.allows(cost, session_count):
            budget.spent(cost, session_count)
            spent += cost
            sessions += session_count
    assert spent <= MOST_SAVED + now_s / 60 * BASE_PER_MINUTE + PER_SESSION * sessions + 1e-6


def test_a_quiet_night_is_not_saved_for_the_morning() -> None:
    budget = RequestBudget()
    budget.refill(timedelta(hours=8).total_seconds())
    assert budget.saved == MOST_SAVED
