"""Finding work: what is new each second, everything each minute."""

import asyncio
from collections.abc import Sequence

import pytest

from services.reconciler.discovery import FULL_EVERY_S
from services.reconciler.job import SETTLED_BY_OTHERS
from services.reconciler.ports import OpenItems
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import FakeLedger, record_of
from tests.unit.reconciler.moments import item


async def test_a_new_item_has_a_job_within_a_second(world: World) -> None:
    await world.reconciler.discovery.tick()
    world.clock.advance(1)
    world.ledger.open(item("leg", "amd"))
    await world.reconciler.discovery.tick()
    assert world.ledger.full_listings == 1
    assert (await world.job("leg")).status == "pending"


async def test_everything_is_compared_each_minute(world: World) -> None:
    for _ in range(int(2 * FULL_EVERY_S) + 1):
        await world.reconciler.discovery.tick()
        world.clock.advance(1)
    assert world.ledger.full_listings == 3


async def test_long_listings_come_page_by_page(world: World) -> None:
    world.ledger.page_size = 3
    world.ledger.open(*(item(f"leg-{number}", "amd") for number in range(10)))
    await world.reconciler.discovery.tick()
    assert await world.reconciler.jobs.count_by_status() == {"pending": 10}


async def test_a_job_whose_item_is_gone_is_completed_after_asking_once_more(world: World) -> None:
    world.ledger.open(item("leg", "amd"), item("other", "amd"))
    await world.reconciler.discovery.tick()
    await world.ledger.record_records([record_of(world.ledger.items["leg"], "amd")])
    world.clock.advance(FULL_EVERY_S)
    await world.reconciler.discovery.tick()
    assert (await world.job("leg")).status == "completed"
    assert (await world.job("other")).status == "pending"
    assert [line.reason for line in await world.history("leg")] == [SETTLED_BY_OTHERS]
    assert await world.history("other") == ()


async def test_a_deleted_database_comes_back_from_the_ledger(world: World) -> None:
    world.ledger.open(item("leg", "amd"), item("sms", "messaging", kind="sms"))
    world.clock.advance(500)
    await world.reconciler.discovery.tick()
    assert await world.reconciler.jobs.count_by_status() == {"pending": 2}


async def test_settled_items_that_await_closing_have_completed_jobs(world: World) -> None:
    world.ledger.open(item("leg", settled=True, unclosed=("recording",)))
    await world.reconciler.discovery.tick()
    assert (await world.job("leg")).status == "completed"


async def test_only_what_can_be_closed_soon_is_kept_in_memory(world: World) -> None:
    world.ledger.open(item("soon", "amd", start_s=-3_600, end_s=-3_590), item("later", "amd"))
    await world.reconciler.discovery.tick()
    assert set(world.reconciler.discovery.closable) == {"soon"}


async def test_counting_from_the_receipt_of_the_hang_up(world: World) -> None:
    world.clock.advance(100)
    world.ledger.open(item("leg", "amd"))
    await world.reconciler.discovery.tick()
    job = await world.job("leg")
    assert job.next_run_at is not None
    assert (job.next_run_at - job.opened_at).total_seconds() == 5


async def test_who_was_frozen_after_it_asked_does_not_complete_what_has_opened_again(world: World) -> None:
    """It wakes up with an answer that another reconciler knows to be out of date."""
    world.ledger.open(item("leg", "amd"))
    await world.reconciler.discovery.tick()
    await world.ledger.record_records([record_of(world.ledger.items["leg"], "amd")])
    world.clock.advance(1)
    frozen = asyncio.Event()
    unsettled = FakeLedger.unsettled

    async def ask_and_freeze(ledger: FakeLedger, record_ids: Sequence[str]) -> OpenItems:
        answer = await unsettled(ledger, record_ids)
        await frozen.wait()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeLedger, "unsettled", ask_and_freeze)
        completing = asyncio.create_task(world.reconciler.discovery.complete_settled(["leg"]))
        await asyncio.sleep(0)
    world.clock.advance(60)
    await world.reconciler.discovery.complete_settled(["leg"])
    world.clock.advance(1)
    world.ledger.open(item("leg", "recording"))
    world.restart()
    await world.reconciler.discovery.tick()
    assert (await world.job("leg")).status == "pending"
    frozen.set()
    await completing
    assert (await world.job("leg")).status == "pending"
    assert len(await world.history("leg")) == 1
