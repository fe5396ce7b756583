"""What the reconciler's own rounds and sweeps ask for, at several loads: requests per session, delays, draining."""

from tests.simulation.planner_run import PlannerRun

_HOUR_S = 3_600.0
_QUOTA_WINDOW_S = 60.0
_SWEEP_INTERVAL_S = 900.0


async def test_a_quiet_account_is_served_on_schedule() -> None:
    run = PlannerRun(per_day=200, length_s=5 * _HOUR_S)
    await run.until(6 * _HOUR_S)
    outcome = run.outcome()
    # All is published after 133 s at the latest: the attempt after that is due 210 s after the hang-up.
    assert outcome.delay_s(0.5) < 100
    assert outcome.delay_s(0.9) < 215
    # The schedule says when it is looked; what comes on top is a turn of the loop and what the quota lets wait.
    assert outcome.beyond_s(0.99) < _QUOTA_WINDOW_S


async def test_ten_thousand_sessions_a_day_share_their_requests() -> None:
    run = PlannerRun(per_day=10_000, length_s=4 * _HOUR_S)
    await run.until(_HOUR_S)
    before, began = run.outcome().asked.total(), run.hung_up
    await run.until(4 * _HOUR_S)
    assert (run.outcome().asked.total() - before) / (10_000 / 8) <= 0.75
    assert run.hung_up > began
    assert run.outcome().delay_s(0.5) < 6 * 60
    assert run.outcome().delay_s(0.95) < 20 * 60
    assert run.outcome().lag_s(0.99) < _SWEEP_INTERVAL_S + _QUOTA_WINDOW_S


async def test_after_an_outage_the_records_of_hours_are_read_by_full_pages() -> None:
    run = PlannerRun(per_day=20_000, length_s=5 * _HOUR_S)
    run.away_until(5 * _HOUR_S)
    to_read = run.outcome().row_count
    while run.outcome().held_count < 0.9 * to_read:
        await run.until(run.clock.monotonic_s() + 60)
    minutes = (run.clock.monotonic_s() - 5 * _HOUR_S) / 60
    assert run.outcome().held_count / minutes >= 0.8 * 2_000
