"""A job whose attempt crashes: the others are served, and it has failed at last, with a reason."""

from collections.abc import Sequence

import pytest

from services.common.errors import TollbookError
from services.reconciler.items import OpenItem
from services.reconciler.reader import Reader
from services.reconciler.reads import Priority
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import record_of
from tests.unit.reconciler.moments import item

BASE = ("sip-trunking", "call-control")
NAMES = [f"leg-{number}" for number in range(9)]
POISON = NAMES[4]


@pytest.fixture
def world_with_poison(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Nine calls that have just ended; of all but one the records are there, and of that one nothing can be read."""
    look_for, costs_of = Reader.look_for, Reader.costs_of

    async def crashing(
        reader: Reader, items: Sequence[OpenItem], priority: Priority
    ) -> dict[str, TollbookError]:
        if any(each.record_id == POISON for each in items):
            raise RuntimeError("a defect")
        return await look_for(reader, items, priority)

    def crashing_costs(reader: Reader, items: Sequence[OpenItem]) -> list[int]:
        if any(each.record_id == POISON for each in items):
            raise RuntimeError("a defect")
        return costs_of(reader, items)

    monkeypatch.setattr(Reader, "look_for", crashing)
    monkeypatch.setattr(Reader, "costs_of", crashing_costs)
    world.ledger.open(*(item(name, *BASE) for name in NAMES))
    for name in NAMES:
        for record_type in BASE:
            if name != POISON:
                world.telnyx.publish(record_of(world.ledger.items[name], record_type))
    return world


async def test_a_job_that_crashes_keeps_no_other_from_being_served(world_with_poison: World) -> None:
    world = world_with_poison
    world.clock.advance(5)
    judged = {job.call_id: job for job in await world.attempt()}
    poison = judged.pop(POISON)
    assert {job.status for job in judged.values()} == {"completed"}
    assert len(judged) == len(NAMES) - 1
    assert (poison.status, poison.attempts) == ("pending", 1)
    assert poison.last_error == "the attempt failed unexpectedly: RuntimeError"


async def test_the_timed_loop_serves_the_others_too(world_with_poison: World) -> None:
    world = world_with_poison
    for _ in range(60):
        world.clock.advance(1)
        await world.reconciler.discovery.tick()
        await world.reconciler.rounds.tick()
    statuses = {name: (await world.job(name)).status for name in NAMES}
    assert statuses.pop(POISON) == "pending"
    assert set(statuses.values()) == {"completed"}


async def test_a_job_that_always_crashes_has_failed_at_last(world_with_poison: World) -> None:
    world = world_with_poison
    for _ in range(2_000):
        world.clock.advance(1)
        await world.attempt()
    job = await world.job(POISON)
    assert (job.status, job.attempts) == ("failed", 7)
    assert "unexpectedly" in job.last_error
