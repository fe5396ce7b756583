"""A book that is restored days later comes to equal the bill again: by its own sweeps, from what Telnyx still has."""

from dataclasses import replace

import pytest

from tests.simulation.faults import USUAL
from tests.simulation.restoring import Jobs, Restore
from tests.simulation.scenario import Scenario
from tests.simulation.simulation import simulate

_DAY_S = 86_400.0
_RATES = replace(USUAL, very_late_record=0, late_record=0.05)
_SOON_S = 3_600.0


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("days", "jobs"), [(1.7, "older"), (1.7, "newer"), (2.2, "missing"), (5.6, "older"), (5.6, "newer")]
)
def test_a_restored_book_comes_to_equal_the_bill_by_itself(days: float, jobs: Jobs) -> None:
    """Traffic has ended by then and all is published, so that nothing but the restore makes a difference."""
    restored_s = 9.4 * _DAY_S
    restore = Restore(backed_up_s=restored_s - days * _DAY_S, restored_s=restored_s, jobs=jobs)
    outcome = simulate(
        Scenario(
            seed=round(10 * days),
            days=8,
            sessions_per_day=40,
            rates=_RATES,
            restores=(restore,),
            sweep_interval_s=4 * 3_600,
            delays_s=(60, 180, 900, 7_200),
            quiet_days=5,
            pace_s=5.0,
        )
    )
    assert outcome.world.lost_count > 0
    assert outcome.world.converged_after_s is not None
    assert outcome.world.converged_after_s <= _SOON_S
    assert outcome.drift_count == 0
