"""What a dead reconciler was at is done by another, and what a frozen one says when it wakes is not heard."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from services.reconciler.job import Job
from services.reconciler.jobs import JobStore
from services.reconciler.leadership import LEASE
from services.reconciler.leases import LeaseStore
from services.reconciler.repeating import PERIOD_S
from services.reconciler.rounds import RoundCounts, Rounds
from tests.support.waiting import until
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import record_of
from tests.unit.reconciler.moments import item

ENDED = timedelta(seconds=-1)


async def test_abandoned_jobs_are_told_and_served(world: World) -> None:
    world.ledger.open(item("leg", "amd"))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    await world.reconciler.jobs.claim_due(world.clock.now(), 1, ENDED)
    assert await world.attempt() == []
    with capture_logs() as logs:
        await world.reconciler.reclaiming.tick()
        await world.reconciler.reclaiming.tick()
    assert [(line["event"], line["count"]) for line in logs] == [("jobs.reclaimed", 1)]
    [job] = await world.attempt()
    assert (job.attempts, job.fence) == (1, 2)


async def test_an_attempt_whose_lease_was_lost_changes_and_tells_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ledger.open(item("leg", "amd"))
    world.telnyx.publish(record_of(world.ledger.items["leg"], "amd"))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    finish = world.reconciler.jobs.finish

    async def be_frozen_and_finish(judged: Sequence[Job]) -> list[Job]:
        other = JobStore(world.database)
        await other.renew(judged, ENDED)
        assert await other.reclaim(world.clock.now()) == 1
        return await finish(judged)

    monkeypatch.setattr(world.reconciler.jobs, "finish", be_frozen_and_finish)
    counts = RoundCounts()
    with capture_logs() as logs:
        await world.reconciler.rounds.run_due(counts)
    assert (counts.processed, (await world.job("leg")).status) == (0, "pending")
    assert await world.history("leg") == ()
    assert "job.completed" not in {line["event"] for line in logs}


async def test_a_round_ends_when_its_lease_is_lost_and_pays_for_what_it_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ledger.open(item("leg", "amd"))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    claim_due = world.reconciler.jobs.claim_due

    async def claim_and_be_frozen(now: datetime, limit: int, lease: timedelta) -> list[Job]:
        claimed = await claim_due(now, limit, lease)
        world.clock.advance(lease.total_seconds())
        return claimed

    monkeypatch.setattr(world.reconciler.jobs, "claim_due", claim_and_be_frozen)
    with capture_logs() as logs:
        assert await world.reconciler.rounds.run_round() == []
    assert [line["event"] for line in logs] == ["round.lost"]
    assert world.telnyx.asked == []
    assert (await world.job("leg")).status == "running"


async def test_a_reconciler_that_does_not_lead_asks_telnyx_for_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of them would otherwise ask three times as much. Who asks for it by hand gets it from any of them."""
    assert await LeaseStore(world.database, "another reconciler").hold("sweeps", LEASE)
    world.ledger.open(item("leg", "amd"))
    world.clock.advance(5)
    turns: list[Rounds] = []

    async def turn(rounds: Rounds) -> float:
        turns.append(rounds)
        return PERIOD_S

    with monkeypatch.context() as patch:
        patch.setattr(Rounds, "tick", turn)
        async with world.reconciler.running():
            await until(lambda: world.ledger.full_listings > 0)
    assert turns == []
    assert world.telnyx.asked == []
    assert await world.attempt()
