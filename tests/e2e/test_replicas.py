"""Two ledgers, three reconcilers and three edges on one PostgreSQL: what each does is done once, also by survivors."""

from pathlib import Path

import pytest

from tests.chaos.kills.truth import find_truth
from tests.chaos.replicas import SANDBOX, come_right, doubled_effects
from tests.chaos.takeovers import Takeovers, ask_all_at_once, kill, kill_leader
from tests.support.databases import Databases
from tests.support.replicas import running_replicas


@pytest.mark.timeout(300)
def test_processes_are_killed_while_others_of_their_kind_go_on(tmp_path: Path, databases: Databases) -> None:
    with running_replicas(tmp_path, databases.empty("postgresql"), sandbox_arguments=SANDBOX) as replicas:
        seen, create = Takeovers(), replicas.stack.sandbox.client.create
        create("mixed", 10)
        ask_all_at_once(replicas)
        kill(replicas.fleet.of("ledger")[0])
        create("mixed", 10)
        kill_leader(replicas, seen)
        come_right(replicas)
        assert doubled_effects(replicas) == 0
        truth = find_truth(replicas.stack, replicas.rows.url)
        assert (truth.lost_count, truth.doubled_count, truth.false_sum_count) == (0, 0, 0)
        assert (truth.finding_count, truth.drift_nanos, truth.drifting_count) == (0, 0, 0)
