"""The pure core lives through years and rushes in which everything goes wrong; at the end the book is the bill.

A seed that fails is in the name of its test; `make simulate SEED=n` replays it.
"""

from dataclasses import replace

import pytest

from tests.simulation.report import lines
from tests.simulation.scenario import rush, year
from tests.simulation.simulation import simulate

YEAR_DAYS = 20
RUSH_DAYS = 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_year(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = simulate(year(seed, days=YEAR_DAYS))
    assert outcome.world.session_count == 50 * YEAR_DAYS
    with capsys.disabled():
        print("\n" + "\n".join(lines(outcome)))  # noqa: T201 - figures that CI keeps


@pytest.mark.timeout(900)
def test_days_of_ten_thousand_sessions(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = simulate(rush(1, days=RUSH_DAYS))
    with capsys.disabled():
        print("\n" + "\n".join(lines(outcome)))  # noqa: T201 - figures that CI keeps


def test_the_same_seed_gives_the_same_bytes() -> None:
    scenario = replace(year(7, days=4), quiet_days=3)
    first, second = simulate(scenario), simulate(scenario)
    assert first.digest == second.digest
    assert first.kinds == second.kinds
    assert simulate(replace(scenario, seed=8)).digest != first.digest
