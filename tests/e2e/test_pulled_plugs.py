"""Any process can die between any two steps: a short version of `make chaos ARGS=kills`, on both stores."""

from pathlib import Path

import pytest

from tests.chaos.kills.plan import Kill, Plan
from tests.chaos.kills.run import Ordeal, live_through
from tests.support.databases import DATABASE_KINDS, DatabaseKind, Databases

PLAN: Plan = {
    "ledger": (
        Kill("ledger.events.added", passes=3),
        Kill("ledger.intake.appending"),
        Kill("ledger.observations.committed"),
        Kill("ledger.sweep.weighed"),
    ),
    "telnyx_gateway": (Kill("telnyx_gateway.page.told", passes=2),),
    "reconciler": (Kill("reconciler.page.read", passes=2), Kill("reconciler.jobs.judged")),
    "gateway": (Kill("gateway.batch.taken", passes=4), Kill("gateway.webhook.recorded", passes=20)),
}
PLACES = {kill.place for kills in PLAN.values() for kill in kills}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", DATABASE_KINDS)
def test_what_was_acknowledged_is_booked_once_and_equals_the_bill(
    kind: DatabaseKind, databases: Databases, tmp_path: Path
) -> None:
    ledger_url = databases.empty(kind)
    reconciler_url = ledger_url if kind == "postgresql" else databases.empty(kind)
    ordeal = Ordeal(plan=PLAN, webhook_count=300, seed=20261123)
    survival = live_through(tmp_path, ledger_url, reconciler_url, ordeal)
    truth = survival.truth
    assert {death.place for death in survival.deaths if death.place} == PLACES, survival.missed
    assert (truth.lost_count, truth.unbooked_count) == (0, 0), "acknowledged, and not in the book"
    assert (truth.doubled_count, truth.false_sum_count, truth.finding_count) == (0, 0, 0)
    assert (truth.drift_nanos, truth.drifting_count, truth.estimated_count) == (0, 0, 0)
    assert truth.webhook_count >= ordeal.webhook_count > 0
    assert truth.acknowledged_count > 0
