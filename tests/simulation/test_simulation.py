"""The pure core lives through years and rushes in which everything goes wrong; at the end the book is the bill.

A seed that fails is in the name of its test; `make simulate SEED=n` replays it. The longest test stands first: the
others run beside it.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.simulation.api import Silence
from tests.simulation.faults import NO_FAULTS, USUAL, Stretch
from tests.simulation.invariants import check_no_exact_zeros
from tests.simulation.report import estimate_errors, lines, requests_per_session
from tests.simulation.scenario import Scenario, rush, year
from tests.simulation.simulation import simulate

YEAR_DAYS = 120
"""And 31 quiet days after it. Ten whole years take too long for every run: `make simulate SEEDS=10` has them."""

RUSH_DAYS = 3
RUSH_SESSIONS = 10_000
MOST_REQUESTS_PER_SESSION = 0.8
DAY_S = 86_400.0


@pytest.mark.timeout(900)
def test_days_of_many_sessions(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = simulate(rush(1, RUSH_DAYS, RUSH_SESSIONS))
    with capsys.disabled():
        print("\n" + "\n".join(lines(outcome)))  # noqa: T201 - figures that CI keeps
    flat, learned = estimate_errors(outcome.world.book, outcome.world.flat_nanos, timedelta(days=1))
    assert flat.mean >= 5 * learned.mean > 0
    assert requests_per_session(outcome) <= MOST_REQUESTS_PER_SESSION
    assert outcome.world.meter.refused_count * 20 < outcome.world.meter.sent_count


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_long_life(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = simulate(year(seed, days=YEAR_DAYS))
    assert outcome.world.session_count == 50 * YEAR_DAYS
    with capsys.disabled():
        print("\n" + "\n".join(lines(outcome)))  # noqa: T201 - figures that CI keeps


@pytest.mark.timeout(600)
def test_wrong_filters_and_another_accounts_key_never_make_exact_zeros() -> None:
    """For three days every window is answered with no rows; later our key is another account's for two and a half."""
    scenario = Scenario(
        seed=11,
        days=12,
        sessions_per_day=20,
        rates=NO_FAULTS,
        silences=(Silence("", Stretch(0, 3 * DAY_S)),),
        strangers=(Stretch(6 * DAY_S, 8.5 * DAY_S),),
        sweep_interval_s=4 * 3_600,
        delays_s=(60, 180, 900, 7_200),
        quiet_days=6,
        pace_s=5.0,
    )
    check_no_exact_zeros(simulate(scenario).world.book)


def test_the_same_seed_gives_the_same_bytes() -> None:
    soon = replace(USUAL, very_late_record=0)
    scenario = replace(year(7, days=4), rates=soon, quiet_days=3)
    first, second = simulate(scenario), simulate(scenario)
    assert first.digest == second.digest
    assert first.kinds == second.kinds
    assert simulate(replace(scenario, seed=8)).digest != first.digest
