"""The quota is used to the last request, never beyond, and shared with another client at little cost."""

import pytest

from services.telnyx_gateway.quota import Priority
from tests.simulation.planner_quota import LIMIT, Rival, bursting, drain, nobody, steady

_MINUTES = 60


@pytest.mark.parametrize("priority", [Priority.JOB, Priority.BACKGROUND])
@pytest.mark.parametrize("seed", range(3))
def test_alone_a_backlog_takes_the_whole_quota_and_never_more(priority: Priority, seed: int) -> None:
    outcome = drain(nobody, _MINUTES, seed, priority)
    assert outcome.refused <= 1
    assert max(outcome.own_per_minute.values()) <= LIMIT
    assert outcome.answered >= 0.95 * LIMIT * (_MINUTES - 1)


@pytest.mark.parametrize(
    "rival",
    [steady(10), steady(20), steady(38), bursting(20, 5), bursting(35, 3), bursting(20, 20)],
    ids=["a few", "half", "nearly all", "burst", "great burst", "long burst"],
)
@pytest.mark.parametrize("seed", range(3))
def test_beside_another_client_few_requests_are_in_vain(rival: Rival, seed: int) -> None:
    outcome = drain(rival, _MINUTES, seed)
    assert outcome.refused_share < 1 / 20
    assert outcome.answered > 20 * _MINUTES
