"""Every process is restarted in turn while webhooks come in, and nobody who sends them notices.

Short here; 200 restarts by `make chaos ARGS=restarts`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.batching import BatchLimits
from tests.chaos.rolling import Rolled, roll
from tests.support.databases import DatabaseKind
from tests.support.postgres import PostgresServer
from tests.support.processes import SERVICES

_ENDS_WITHIN_S = 10.0
_ON_THE_WAY_S = 3.0
"""Until a ledger that is back is found, and has booked what waited."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("kind", "restart_count"), [("sqlite", 5), ("postgresql", 7)])
def test_no_webhook_fails_while_each_process_is_restarted(
    tmp_path: Path, postgres_server: Callable[[], PostgresServer], kind: DatabaseKind, restart_count: int
) -> None:
    rolled = roll(tmp_path, postgres_server() if kind == "postgresql" else None, restart_count)
    assert {service: rolled.restarts_of(service) > 0 for service in SERVICES} == dict.fromkeys(SERVICES, True)
    assert rolled.faults == ()
    assert rolled.booked_count == rolled.acknowledged_count
    assert max(restart.stopping_s for restart in rolled.restarts) < _ENDS_WITHIN_S
    if kind == "postgresql" or _ledger_was_away_s(rolled) < BatchLimits().patience_s - _ON_THE_WAY_S:
        assert rolled.other_answers == {}
    else:
        # This machine is so busy that the only ledger was away for longer than an edge waits: come again, it said.
        assert set(rolled.other_answers) <= {503}


def _ledger_was_away_s(rolled: Rolled) -> float:
    return max(
        restart.stopping_s + restart.starting_s for restart in rolled.restarts if restart.service == "ledger"
    )
