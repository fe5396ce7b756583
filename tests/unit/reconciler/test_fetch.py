"""Fetching one cost because a person asked."""

from dataclasses import replace

import pytest

from services.common.database import Database
from services.common.errors import NotFound, QuotaExhausted, TelnyxRefused, TelnyxUnreachable, Unavailable
from services.reconciler.attempt import Attempt
from services.reconciler.lookup import lookups
from services.reconciler.ports import CallState
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import COST, record_of
from tests.unit.reconciler.moments import NOON, after, item

BASE = ("sip-trunking", "call-control")
UUID = "0a8f5a52-7f5f-4c6e-9d0a-5b1c3d9e7f11"


async def test_an_exact_cost_is_told_without_asking_telnyx(world: World) -> None:
    world.ledger.calls["v3:leg"] = CallState(
        call_id="v3:leg", session_id="s", start_at=NOON, end_at=NOON, cost=COST, is_exact=True, missing=()
    )
    fetched = await world.reconciler.fetch.fetch("v3:leg")
    assert (fetched.call_id, fetched.is_settled, fetched.cost) == ("v3:leg", True, COST)
    assert world.telnyx.asked == []


async def test_what_is_missing_is_read_at_once_by_session_and_with_priority(world: World) -> None:
    world.ledger.open(item("v3:leg", *BASE))
    await world.reconciler.discovery.tick()
    for name in BASE:
        world.telnyx.publish(record_of(world.ledger.items["v3:leg"], name))
    world.clock.advance(1)
    fetched = await world.reconciler.fetch.fetch("v3:leg")
    assert (fetched.is_settled, fetched.cost, fetched.should_retry) == (True, COST, False)
    assert {read.priority for read in world.telnyx.asked} == {"person"}
    assert all(read.id_filter is not None for read in world.telnyx.asked)
    assert (await world.job("v3:leg")).status == "completed"


async def test_what_telnyx_has_not_published_can_be_tried_again(world: World) -> None:
    world.ledger.open(item("v3:leg", *BASE))
    fetched = await world.reconciler.fetch.fetch("v3:leg")
    assert (fetched.is_settled, fetched.should_retry) == (False, True)
    assert fetched.message == "Telnyx has not published yet: sip-trunking, call-control"


async def test_an_unreadable_amount_is_not_worth_another_try(world: World) -> None:
    world.ledger.open(item("v3:leg", unreadable=("record r: cost is no amount",)))
    fetched = await world.reconciler.fetch.fetch("v3:leg")
    assert (fetched.is_settled, fetched.should_retry) == (False, False)
    assert fetched.message == "record r: cost is no amount"


async def test_a_call_that_has_not_ended_is_looked_for_with_the_expected_types(world: World) -> None:
    running = CallState(
        call_id="v3:leg", session_id="s", start_at=NOON, end_at=None, cost=None, is_exact=False, missing=()
    )
    world.ledger.calls["v3:leg"] = running
    fetched = await world.reconciler.fetch.fetch("v3:leg")
    assert not fetched.is_settled
    assert sorted(world.telnyx.asked_types()) == sorted(BASE)


@pytest.mark.parametrize(
    "fault",
    [
        TelnyxUnreachable("no answer"),
        QuotaExhausted("used up", retry_after_s=30),
        TelnyxRefused("refused the key", field="TELNYX_API_KEY"),
    ],
)
async def test_a_person_is_told_why_telnyx_could_not_be_asked(world: World, fault: TelnyxUnreachable) -> None:
    world.ledger.open(item("v3:leg", *BASE))
    world.telnyx.faults = dict.fromkeys(BASE, fault)
    with pytest.raises(type(fault)):
        await world.reconciler.fetch.fetch("v3:leg")
    with pytest.raises(type(fault)):
        await world.reconciler.fetch.fetch("v3:unknown")


async def test_a_call_that_only_telnyx_knows_is_booked_with_its_session(world: World) -> None:
    silent = item("v3:silent")
    world.telnyx.publish(record_of(silent, "sip-trunking"), record_of(silent, "call-control"))
    fetched = await world.reconciler.fetch.fetch("v3:silent")
    assert (fetched.call_id, fetched.is_settled, fetched.cost) == ("v3:silent", True, COST)
    assert {record_type for record_type, _ in world.ledger.records} == set(BASE)


async def test_a_leg_id_is_found_where_legs_carry_it(world: World) -> None:
    record = replace(record_of(item("silent"), "call-control"), leg_id=UUID)
    world.telnyx.publish(record)
    assert (await world.reconciler.fetch.fetch(UUID)).call_id == UUID


async def test_an_id_that_nobody_knows_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await world.reconciler.fetch.fetch("v3:nobody")
    assert world.telnyx.asked_types() == ["sip-trunking"]


async def test_a_refused_way_of_asking_is_skipped(world: World) -> None:
    world.telnyx.faults["webrtc"] = TelnyxRefused("refused the form of the request", field="request")
    with pytest.raises(NotFound):
        await world.reconciler.fetch.fetch(UUID)
    assert len(world.telnyx.asked) == len(lookups(UUID))


async def test_an_open_message_is_read_by_its_id(world: World) -> None:
    world.ledger.open(item(UUID, "messaging", kind="sms"))
    world.telnyx.publish(record_of(world.ledger.items[UUID], "messaging"))
    fetched = await world.reconciler.fetch.fetch(UUID)
    assert (fetched.call_id, fetched.is_settled, fetched.cost) == (UUID, True, COST)
    assert world.telnyx.asked_types() == ["messaging"]


async def test_a_message_without_a_price_waits(world: World) -> None:
    world.ledger.open(item(UUID, "messaging", kind="sms"))
    fetched = await world.reconciler.fetch.fetch(UUID)
    assert (fetched.is_settled, fetched.message) == (False, "Telnyx has not published yet: messaging")


async def test_a_message_that_only_telnyx_knows_is_booked(world: World) -> None:
    world.telnyx.publish(record_of(item(UUID, kind="sms"), "messaging"))
    fetched = await world.reconciler.fetch.fetch(UUID)
    assert (fetched.call_id, fetched.is_settled, fetched.cost) == (UUID, True, COST)


async def test_what_a_person_tried_is_in_the_jobs_history(world: World) -> None:
    world.ledger.open(item("v3:leg", *BASE))
    await world.reconciler.discovery.tick()
    await world.reconciler.fetch.fetch("v3:leg")
    world.clock.advance(1)
    world.telnyx.faults = dict.fromkeys(BASE, TelnyxUnreachable("no answer"))
    with pytest.raises(TelnyxUnreachable):
        await world.reconciler.fetch.fetch("v3:leg")
    world.telnyx.faults = {}
    for name in BASE:
        world.telnyx.publish(record_of(world.ledger.items["v3:leg"], name))
    world.clock.advance(1)
    await world.reconciler.fetch.fetch("v3:leg")
    waits = "Telnyx has not published yet: sip-trunking, call-control"
    assert await world.history("v3:leg") == (
        Attempt(finished_at=after(0), is_settled=False, is_manual=True, reason=waits),
        Attempt(finished_at=after(1), is_settled=False, is_manual=True, reason="no answer"),
        Attempt(finished_at=after(2), is_settled=True, is_manual=True),
    )
    job = await world.job("v3:leg")
    assert (job.status, job.attempts) == ("completed", 0)


async def test_a_persons_attempt_leaves_the_schedule_as_it_was(world: World) -> None:
    world.ledger.open(item("v3:leg", *BASE))
    await world.reconciler.discovery.tick()
    before = await world.job("v3:leg")
    await world.reconciler.fetch.fetch("v3:leg")
    assert await world.job("v3:leg") == before


async def test_what_was_exact_before_needed_no_attempt(world: World) -> None:
    world.ledger.open(item("v3:leg", *BASE))
    await world.reconciler.discovery.tick()
    for name in BASE:
        world.telnyx.publish(record_of(world.ledger.items["v3:leg"], name))
    for _ in range(3):
        await world.reconciler.fetch.fetch("v3:leg")
    assert len(await world.history("v3:leg")) == 1


async def test_a_message_is_told_in_its_history_too(world: World) -> None:
    world.ledger.open(item(UUID, "messaging", kind="sms"))
    await world.reconciler.discovery.tick()
    await world.reconciler.fetch.fetch(UUID)
    world.telnyx.publish(record_of(world.ledger.items[UUID], "messaging"))
    await world.reconciler.fetch.fetch(UUID)
    assert [(line.is_settled, line.is_manual) for line in await world.history(UUID)] == [
        (False, True),
        (True, True),
    ]
    assert (await world.job(UUID)).status == "completed"


async def test_a_cost_is_told_also_when_the_history_cannot_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ledger.open(item("v3:leg", *BASE))

    async def refuse(*_: object) -> None:
        raise Unavailable("the database cannot be reached")

    monkeypatch.setattr(Database, "write_async", refuse)
    assert not (await world.reconciler.fetch.fetch("v3:leg")).is_settled
    world.telnyx.faults = dict.fromkeys(BASE, TelnyxUnreachable("no answer"))
    with pytest.raises(TelnyxUnreachable):
        await world.reconciler.fetch.fetch("v3:leg")


def test_only_a_uuid_can_be_another_id_than_that_of_a_command() -> None:
    assert [(read.record_type, read.id_filter and read.id_filter.kind) for read in lookups("v3:leg")] == [
        ("sip-trunking", "call_control")
    ]
    kinds = [read.id_filter.kind for read in lookups(UUID) if read.id_filter]
    assert kinds == sorted(kinds, key=["call_control", "leg", "record", "session"].index)
    assert set(kinds) == {"call_control", "leg", "record", "session"}
