"""Forgetting jobs that ended long ago."""

from services.reconciler.pruning import BATCH, KEPT
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.moments import item


async def _settle(world: World, *names: str) -> None:
    world.ledger.open(*(item(name, "amd") for name in names))
    await world.reconciler.discovery.tick()
    world.ledger.items.clear()
    world.reconciler.discovery.look_at_all_soon()
    await world.reconciler.discovery.tick()


async def test_completed_jobs_are_kept_for_their_time_and_no_longer(world: World) -> None:
    await _settle(world, "leg")
    world.clock.advance(KEPT.total_seconds())
    assert await world.reconciler.pruning.tick() > 60
    assert len(await world.history("leg")) == 1
    world.clock.advance(1)
    await world.reconciler.pruning.tick()
    assert await world.reconciler.jobs.with_history("leg") is None


async def test_a_job_that_failed_goes_once_it_has_settled(world: World) -> None:
    world.restart(reconcile_delays_seconds="5")
    world.ledger.open(item("leg", "amd"))
    world.clock.advance(5)
    await world.attempt()
    world.clock.advance(2 * KEPT.total_seconds())
    await world.reconciler.pruning.tick()
    assert (await world.job("leg")).status == "failed"
    world.ledger.items.clear()
    await world.reconciler.discovery.tick()
    world.clock.advance(KEPT.total_seconds() + 1)
    await world.reconciler.pruning.tick()
    assert await world.reconciler.jobs.get("leg") is None


async def test_many_old_jobs_go_in_batches_soon_after_each_other(world: World) -> None:
    await _settle(world, *(f"leg-{number}" for number in range(BATCH + 1)))
    world.clock.advance(KEPT.total_seconds() + 1)
    assert await world.reconciler.pruning.tick() <= 1
    assert len((await world.reconciler.jobs.page(None, 10, None)).jobs) == 1
    assert await world.reconciler.pruning.tick() > 60
    assert (await world.reconciler.jobs.page(None, 10, None)).jobs == ()
