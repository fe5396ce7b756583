"""Closing and trailing sweeps on a fake clock."""

from dataclasses import replace
from itertools import pairwise

from services.common.errors import QuotaExhausted, TelnyxRefused, TelnyxUnreachable
from services.common.money import Money
from services.reconciler.leadership import LEASE, LOOK_EVERY_S
from services.reconciler.leases import LeaseStore
from services.reconciler.sweep_histories import SWEPT_TYPES
from services.reconciler.usage import Usage, UsageDay
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import record_of
from tests.unit.reconciler.moments import NOON, after, item

BASE = ("sip-trunking", "call-control")
OUT_OF_DATE = TelnyxUnreachable("Telnyx gave no usable answer (status 502)")


async def test_an_empty_book_reads_the_last_day_of_every_type_first_then_the_past(world: World) -> None:
    await world.sweep_all()
    first = world.telnyx.asked[: len(SWEPT_TYPES)]
    assert {read.record_type for read in first} == set(SWEPT_TYPES)
    for read in first:
        assert read.window is not None
        assert (NOON - read.window.start_at).total_seconds() >= 86_400
        assert read.window.end_at > NOON
        assert read.priority == "background"
    for name in SWEPT_TYPES:
        windows = sorted(sweep.window for sweep in world.ledger.sweeps if sweep.record_type == name)
        assert (NOON - windows[0].start_at).days == 30
    assert "conference" not in SWEPT_TYPES
    assert "inference" in SWEPT_TYPES


async def test_what_was_swept_is_not_swept_again_after_a_restart(world: World) -> None:
    await world.sweep_all()
    asked = len(world.telnyx.asked)
    await world.reconciler.leadership.give_up()
    world.restart()
    await world.sweep_all()
    assert len(world.telnyx.asked) == asked


async def test_the_backfill_goes_on_where_it_was_interrupted(world: World) -> None:
    for _ in range(6):
        await world.reconciler.sweeps.tick()
    await world.reconciler.leadership.give_up()
    world.restart()
    await world.sweep_all()
    windows = [(sweep.record_type, sweep.window) for sweep in world.ledger.sweeps]
    assert len(windows) == len(set(windows))


async def test_records_that_no_webhook_announced_are_booked(world: World) -> None:
    await world.sweep_all()
    world.clock.advance(900)
    silent = record_of(item("silent", start_s=300, end_s=400), "sip-trunking")
    world.telnyx.publish(silent)
    await world.sweep_all()
    assert ("sip-trunking", silent.record_id) in world.ledger.records


async def test_a_correction_is_found_until_the_horizon(world: World) -> None:
    world.telnyx.publish(record_of(item("leg"), "sip-trunking"))
    await world.sweep_all()
    world.telnyx.records.clear()
    corrected = Money("USD", 7_000_000)
    original = record_of(item("leg"), "sip-trunking")
    world.telnyx.publish(replace(original, cost=corrected), at=after(3_600))
    for _ in range(17):
        world.clock.advance(900)
        await world.sweep_all()
    assert world.ledger.records["sip-trunking", original.record_id].cost == corrected


async def test_silence_closes_an_unanswered_leg_soon_after_the_horizon(world: World) -> None:
    world.ledger.open(item("busy", *BASE))
    await world.sweep_all()
    world.clock.advance(3_599)
    await world.reconciler.discovery.tick()
    await world.sweep_all()
    assert "busy" in world.ledger.items
    world.clock.advance(1)
    await world.reconciler.discovery.tick()
    await world.reconciler.sweeps.tick()
    assert "busy" not in world.ledger.items
    await world.reconciler.discovery.tick()
    assert (await world.job("busy")).status == "completed"


async def test_a_closing_sweep_spans_all_that_waits_in_one_window_per_type(world: World) -> None:
    await world.sweep_all()
    world.ledger.open(
        *(item(f"busy-{number}", *BASE, start_s=number, end_s=number + 5) for number in range(40))
    )
    world.clock.advance(3_700)
    await world.reconciler.discovery.tick()
    asked = len(world.telnyx.asked)
    await world.reconciler.sweeps.tick()
    assert sorted(world.telnyx.asked_types()[asked:]) == ["call-control", "sip-trunking"]
    assert world.ledger.items == {}


async def test_without_an_end_no_sweep_is_recorded(world: World) -> None:
    world.telnyx.ends_early = set(SWEPT_TYPES)
    world.ledger.open(item("busy", *BASE))
    world.clock.advance(4_000)
    await world.reconciler.discovery.tick()
    for _ in range(len(SWEPT_TYPES)):
        await world.sweep_all()
        world.clock.advance(60)
    assert "amd" in world.telnyx.asked_types()
    assert world.ledger.sweeps == []
    assert "busy" in world.ledger.items


async def test_an_unproven_window_asks_usage_reports(world: World) -> None:
    world.ledger.is_proven = False
    world.ledger.open(item("busy", "amd"))
    zero = Usage("amd", (UsageDay(NOON.date(), Money("USD", 0)),), after(4_000), "synthetic")
    world.telnyx.usage["amd"] = zero
    world.clock.advance(4_000)
    await world.reconciler.discovery.tick()
    await world.reconciler.sweeps.tick()
    assert world.ledger.usages == [zero]


async def test_what_stays_unproven_is_asked_less_and_less_often(world: World) -> None:
    await world.sweep_all()
    world.ledger.is_proven = False
    world.telnyx.usage["amd"] = TelnyxUnreachable("no answer")
    world.ledger.open(item("busy", "amd"))
    world.clock.advance(3_700)
    await world.reconciler.discovery.tick()
    asked_at: list[float] = []
    for second in range(4_000):
        before = len(world.ledger.sweeps)
        await world.reconciler.sweeps.tick()
        closing = [sweep for sweep in world.ledger.sweeps[before:] if sweep.window.end_at == after(3_600)]
        asked_at += [float(second)] * bool(closing)
        world.clock.advance(1)
        await world.reconciler.discovery.tick()
    waits = [later - earlier for earlier, later in pairwise(asked_at)]
    assert waits[0] >= 225
    assert waits == sorted(waits)
    assert len(asked_at) <= 6


async def test_a_window_that_differs_is_read_again(world: World) -> None:
    await world.sweep_all()
    world.ledger.open(item("busy", "amd"))
    ghost = record_of(item("ghost", start_s=100, end_s=200), "amd")
    await world.ledger.record_records([ghost])
    world.clock.advance(3_700)
    await world.reconciler.discovery.tick()
    await world.reconciler.sweeps.tick()
    assert world.ledger.sweeps[-1].verdict == "different"
    assert "busy" in world.ledger.items
    del world.ledger.records["amd", ghost.record_id]
    world.clock.advance(225)
    await world.reconciler.discovery.tick()
    await world.reconciler.sweeps.tick()
    assert "busy" not in world.ledger.items


async def test_items_that_settled_meanwhile_cost_no_sweep(world: World) -> None:
    await world.sweep_all()
    world.ledger.open(item("busy", "amd"))
    world.clock.advance(3_700)
    await world.reconciler.discovery.tick()
    world.ledger.items.clear()
    asked = len(world.telnyx.asked)
    await world.reconciler.sweeps.tick()
    assert "amd" not in {
        read.record_type
        for read in world.telnyx.asked[asked:]
        if read.window and read.window.end_at == after(3_600)
    }


async def test_a_type_that_telnyx_refuses_is_dropped_for_a_day(world: World) -> None:
    world.telnyx.faults["verify"] = TelnyxRefused(
        "Telnyx refused the form of the request (400)", field="request"
    )
    await world.sweep_all()
    assert world.telnyx.asked_types().count("verify") == 1
    for _ in range(20):
        world.clock.advance(3_600)
        await world.sweep_all()
    assert world.telnyx.asked_types().count("verify") == 1
    world.telnyx.faults.clear()
    world.clock.advance(4 * 3_600)
    await world.sweep_all()
    assert world.telnyx.asked_types().count("verify") > 1


async def test_a_refused_key_drops_no_type(world: World) -> None:
    refusal = TelnyxRefused("Telnyx refused the API key (401)", field="TELNYX_API_KEY")
    world.telnyx.faults = dict.fromkeys(SWEPT_TYPES, refusal)
    await world.sweep_all()
    assert world.ledger.sweeps == []
    world.telnyx.faults = {}
    world.clock.advance(60)
    await world.sweep_all()
    assert {sweep.record_type for sweep in world.ledger.sweeps} == set(SWEPT_TYPES)


async def test_a_refused_key_takes_little_of_the_quota_and_attempts_go_on(world: World) -> None:
    refusal = TelnyxRefused("Telnyx refused the API key (401)", field="TELNYX_API_KEY")
    world.telnyx.faults = dict.fromkeys(SWEPT_TYPES, refusal)
    world.ledger.open(item("leg", *BASE))
    for _ in range(60):
        await world.reconciler.discovery.tick()
        await world.reconciler.rounds.tick()
        await world.sweep_all()
        world.clock.advance(1)
    attempts = [read for read in world.telnyx.asked if read.priority == "job"]
    assert len(world.telnyx.asked) - len(attempts) <= 12
    assert {read.record_type for read in attempts} == set(BASE)
    [told] = await world.history("leg")
    assert told.finished_at == after(5)
    assert "key" in told.reason
    assert (await world.job("leg")).attempts == 0


async def test_after_an_outage_one_type_that_still_fails_stops_no_other(world: World) -> None:
    world.telnyx.faults = dict.fromkeys(SWEPT_TYPES, OUT_OF_DATE)
    for _ in range(120):
        await world.sweep_all()
        world.clock.advance(1)
    still_failing = SWEPT_TYPES[0]
    world.telnyx.faults = {still_failing: OUT_OF_DATE}
    for _ in range(121):
        await world.sweep_all()
        world.clock.advance(1)
    assert {sweep.record_type for sweep in world.ledger.sweeps} == set(SWEPT_TYPES) - {still_failing}


async def test_types_that_telnyx_does_not_list_stop_no_other(world: World) -> None:
    for name in SWEPT_TYPES[:10]:
        world.telnyx.faults[name] = TelnyxRefused("Telnyx refused the form", field="request")
    await world.sweep_all()
    assert {sweep.record_type for sweep in world.ledger.sweeps} == set(SWEPT_TYPES[10:])


async def test_one_type_in_trouble_does_not_stop_the_others(world: World) -> None:
    world.telnyx.faults["sip-trunking"] = OUT_OF_DATE
    await world.sweep_all()
    assert {sweep.record_type for sweep in world.ledger.sweeps} == set(SWEPT_TYPES) - {"sip-trunking"}
    world.telnyx.faults.clear()
    world.clock.advance(60)
    await world.sweep_all()
    assert {sweep.record_type for sweep in world.ledger.sweeps} == set(SWEPT_TYPES)


async def test_a_type_waits_until_the_quota_renews(world: World) -> None:
    world.telnyx.faults["verify"] = QuotaExhausted("used up", retry_after_s=50)
    await world.sweep_all()
    world.clock.advance(49)
    await world.sweep_all()
    assert world.telnyx.asked_types().count("verify") == 1
    world.clock.advance(1)
    await world.sweep_all()
    assert world.telnyx.asked_types().count("verify") == 2


async def test_only_one_reconciler_sweeps(world: World) -> None:
    another = LeaseStore(world.database, "another reconciler")
    assert await another.hold("sweeps", LEASE)
    assert await world.reconciler.sweeps.tick() > 0
    assert world.telnyx.asked == []
    await another.give_up("sweeps")
    world.clock.advance(LOOK_EVERY_S)
    await world.reconciler.sweeps.tick()
    assert world.telnyx.asked
    assert not await another.hold("sweeps", LEASE)
    async with world.reconciler.running():
        pass
    assert await another.hold("sweeps", LEASE)


async def test_after_a_crash_the_next_process_of_a_sqlite_file_waits_for_no_lease(world: World) -> None:
    await world.reconciler.sweeps.tick()
    asked = len(world.telnyx.asked)
    world.restart()
    await world.reconciler.sweeps.tick()
    assert len(world.telnyx.asked) > asked > 0
