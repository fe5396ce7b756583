"""Which due jobs are served now, and what they may cost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.budget import BASE_PER_MINUTE, MOST_SAVED, PER_SESSION, RequestBudget
from services.reconciler.items import OpenItem
from services.reconciler.job import new_job
from services.reconciler.plan import plan_costs
from services.reconciler.rationing import (
    ALL_VISIBLE,
    LONGEST_WAIT,
    LONGEST_WAIT_AGAIN,
    MOST_REQUESTS,
    SHARED_SPAN,
    Costs,
    DueJob,
    choose,
    new_sessions,
)
from services.reconciler.schedule import Schedule
from tests.unit.reconciler.moments import NOON, after, item

SCHEDULE = Schedule((5, 30, 60))


def due(number: int, *, start_s: float = -200, waited_s: float = 0, attempts: int = 0) -> DueJob:
    """A job that has been due for so long."""
    one = item(f"leg-{number}", "sip-trunking", "call-control", start_s=start_s, end_s=max(start_s, -150))
    job = new_job(one, SCHEDULE, NOON, NOON)
    object.__setattr__(job, "attempts", attempts)
    object.__setattr__(job, "next_run_at", after(-waited_s))
    return DueJob(job, one)


def costs_at(rows_per_s: float) -> Costs:
    """What the planner would ask."""

    def costs_of(items: Sequence[OpenItem]) -> list[int]:
        return plan_costs(items, lambda _: rows_per_s)

    return costs_of


def total(jobs: Sequence[DueJob], rows_per_s: float) -> int:
    """What serving these takes."""
    ordered = sorted(jobs, key=lambda one: one.item.start_at)
    return costs_at(rows_per_s)([one.item for one in ordered])[-1] if jobs else 0


def test_while_the_budget_lasts_everything_is_served_when_it_is_due() -> None:
    jobs = [due(number) for number in range(3)]
    assert choose(jobs, costs_at(0.01), RequestBudget(), NOON).chosen == tuple(jobs)


def test_without_budget_a_few_calls_wait_for_others() -> None:
    choice = choose([due(1)], costs_at(1.0), RequestBudget(saved=0.0), NOON)
    assert choice.chosen == ()
    assert choice.shortfall == pytest.approx(2 - PER_SESSION)


def test_while_the_budget_is_low_what_was_just_hung_up_waits_until_all_its_records_are_there() -> None:
    one = due(1)
    fresh = DueJob(one.job, replace(one.item, opened_at=NOON - ALL_VISIBLE + timedelta(seconds=1)))
    assert choose([fresh], costs_at(0.01), RequestBudget(saved=10.0), NOON).chosen == ()
    assert choose([fresh], costs_at(0.01), RequestBudget(saved=30.0), NOON).chosen == (fresh,)
    assert choose([one], costs_at(0.01), RequestBudget(saved=10.0), NOON).chosen == (one,)


def test_a_crowd_pays_for_itself() -> None:
    crowd = [due(number, start_s=-1_000 + number / 2) for number in range(600)]
    choice = choose(crowd, costs_at(0.3), RequestBudget(saved=0.0), NOON)
    assert choice.chosen == tuple(crowd)
    assert total(choice.chosen, 0.3) <= PER_SESSION * 600


def test_of_too_many_the_oldest_beginnings_go_first_and_repetitions_take_what_is_left() -> None:
    crowd = [due(number, start_s=-4_000 + number) for number in range(1_500)]
    again = [due(2_000 + number, start_s=-9_000 - 500 * number, attempts=2) for number in range(20)]
    chosen = choose([*again, *crowd], costs_at(3.0), RequestBudget(saved=10.0), NOON).chosen
    first = [one for one in chosen if not one.job.attempts]
    assert 0 < len(first) < len(crowd)
    oldest_again = again[::-1]
    assert chosen == (*crowd[: len(first)], *oldest_again[: len(chosen) - len(first)])
    assert len(chosen) - len(first) < len(again)


def test_nothing_waits_for_ever() -> None:
    old = due(1, waited_s=LONGEST_WAIT.total_seconds())
    choice = choose([old, due(2)], costs_at(5.0), RequestBudget(saved=-MOST_SAVED), NOON)
    assert old in choice.chosen
    again = due(1, waited_s=LONGEST_WAIT_AGAIN.total_seconds(), attempts=3)
    assert choose([again, due(2)], costs_at(5.0), RequestBudget(saved=-MOST_SAVED), NOON).chosen == (again,)


def test_those_that_began_soon_after_the_one_that_can_wait_no_longer_share_its_window() -> None:
    span_s = SHARED_SPAN.total_seconds()
    old = due(1, start_s=-3_000, waited_s=LONGEST_WAIT.total_seconds())
    before, soon, later = (
        due(2, start_s=-3_100),
        due(3, start_s=-3_000 + span_s),
        due(4, start_s=-2_999 + span_s),
    )
    chosen = choose([later, soon, old, before], costs_at(0.1), RequestBudget(saved=-MOST_SAVED), NOON).chosen
    assert chosen == (before, old, soon)


jobs_due = st.lists(
    st.builds(
        due,
        st.integers(0, 10_000),
        start_s=st.floats(-20_000, -160),
        waited_s=st.floats(0, 5_000),
        attempts=st.integers(0, 3),
    ),
    max_size=60,
    unique_by=lambda one: one.job.call_id,
)


@given(jobs_due, st.floats(0.001, 5), st.floats(-MOST_SAVED, MOST_SAVED))
def test_what_is_chosen_is_allowed_or_has_waited_longest(
    jobs: list[DueJob], rows_per_s: float, saved: float
) -> None:
    budget = RequestBudget(saved=saved)
    choice = choose(jobs, costs_at(rows_per_s), budget, NOON)
    chosen = choice.chosen
    assert choice.shortfall or chosen == tuple(jobs)
    assert len({one.job.call_id for one in chosen}) == len(chosen)
    assert all(one in jobs for one in chosen)
    forced = [one for one in chosen if one.is_pressing(NOON)]
    allowance = min(MOST_REQUESTS, budget.allowance(new_sessions(chosen)))
    assert total(chosen, rows_per_s) <= (MOST_REQUESTS if forced else max(0, allowance))
    # Of those that have waited longest some are always among them.
    has_forced = any(one.is_pressing(NOON) for one in jobs)
    assert bool(forced) or not has_forced


@given(st.lists(st.tuples(st.floats(0, 600), st.integers(0, 100), st.integers(0, 50)), max_size=50))
def test_in_the_long_run_no_more_is_spent_than_time_and_sessions_bring(
    rounds: list[tuple[float, int, int]],
) -> None:
    budget, now_s, spent, sessions = RequestBudget(), 0.0, 0, 0
    for pause_s, cost, session_count in rounds:
        now_s += pause_s
        budget.refill(now_s)
        if cost <= budget.allowance(session_count):
            budget.spent(cost, session_count)
            spent += cost
            sessions += session_count
    assert spent <= MOST_SAVED + now_s / 60 * BASE_PER_MINUTE + PER_SESSION * sessions + 1e-6


def test_a_quiet_night_is_not_saved_for_the_morning() -> None:
    budget = RequestBudget()
    budget.refill(timedelta(hours=8).total_seconds())
    assert budget.saved == MOST_SAVED
