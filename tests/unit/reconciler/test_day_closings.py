"""Whole days held against Telnyx: a count and a word of usage_reports, and pages only where either differs."""

from dataclasses import replace
from datetime import date, timedelta

from services.common.errors import TelnyxRefused, TelnyxUnreachable
from services.common.money import Money
from services.reconciler.day_closing import closing_window
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage, UsageDay
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import COST, record_of
from tests.unit.reconciler.moments import NOON, item

TODAY = NOON.date()
UNTIL_CLOSED_S = 15 * 3_600
"""From noon to an hour after midnight, and the horizon of an hour."""


def _traffic(world: World, count: int = 300) -> list[DetailRecord]:
    """Records of this day, all of them published."""
    records = [
        record_of(item(f"leg-{number}", start_s=60 * number, end_s=60 * number + 30), "sip-trunking")
        for number in range(count)
    ]
    world.telnyx.publish(*records)
    return records


def _report(world: World, nanos: int, day: date = TODAY) -> None:
    said = Usage("sip-trunking", (UsageDay(day, Money("USD", nanos), 9),), world.clock.now(), "synthetic")
    world.telnyx.usage["sip-trunking"] = said


async def _to_the_next_night(world: World) -> None:
    """A day of sweeps, and on to when its day can be closed."""
    await world.sweep_all()
    for _ in range(4):
        world.clock.advance(UNTIL_CLOSED_S / 4)
        await world.sweep_all()


def _closing(world: World) -> list[Sweep]:
    return [
        sweep
        for sweep in world.ledger.sweeps
        if sweep.record_type == "sip-trunking" and sweep.window == closing_window(TODAY)
    ]


def _readings_of_the_day(world: World) -> int:
    window = closing_window(TODAY)
    return sum(
        read.window is not None and window.spans(read.window) and read.window.length_s > 80_000
        for read in world.telnyx.asked
        if read.record_type == "sip-trunking"
    )


async def test_a_day_of_which_all_is_held_costs_one_small_request(world: World) -> None:
    records = _traffic(world)
    _report(world, len(records) * COST.nanos)
    await _to_the_next_night(world)
    [sweep] = _closing(world)
    assert (sweep.is_counted, sweep.verdict, sweep.total_results) == (True, "complete", 300)
    assert _readings_of_the_day(world) == 0
    counted = [read for read in world.telnyx.counted if read.window == closing_window(TODAY)]
    assert len([read for read in counted if read.record_type == "sip-trunking"]) == 1


async def test_a_day_is_closed_once_also_after_a_restart(world: World) -> None:
    _report(world, len(_traffic(world)) * COST.nanos)
    await _to_the_next_night(world)
    await world.reconciler.leadership.give_up()
    world.restart()
    world.clock.advance(3_600)
    await world.sweep_all()
    assert len(_closing(world)) == 1


async def test_what_no_sweep_has_found_is_found_when_the_day_is_closed(world: World) -> None:
    records = _traffic(world)
    _report(world, len(records) * COST.nanos)
    await _to_the_next_night(world)
    await world.reconciler.leadership.give_up()
    world.restart()
    world.ledger.sweeps = [sweep for sweep in world.ledger.sweeps if sweep not in _closing(world)]
    missed = [world.ledger.records.pop(("sip-trunking", records[at].record_id)) for at in (7, 130)]
    await world.sweep_all()
    assert all(("sip-trunking", record.record_id) in world.ledger.records for record in missed)
    assert [sweep.verdict for sweep in _closing(world)] == ["complete"]


async def test_a_correction_is_read_where_the_cost_differs_though_the_count_does_not(world: World) -> None:
    records = _traffic(world)
    corrected = replace(records[9], cost=Money("USD", 7_000_000))
    _report(world, (len(records) - 1) * COST.nanos + 7_000_000)
    await world.sweep_all()
    world.clock.advance(UNTIL_CLOSED_S - 4_200)
    await world.sweep_all()
    world.telnyx.records = [(at, record) for at, record in world.telnyx.records if record != records[9]]
    world.telnyx.publish(corrected)
    world.clock.advance(4_200)
    await world.sweep_all()
    assert world.ledger.records["sip-trunking", corrected.record_id].cost == corrected.cost
    assert len(_closing(world)) == 1


async def test_where_usage_reports_cannot_be_asked_the_pages_are_read_once(world: World) -> None:
    _traffic(world)
    world.telnyx.usage["sip-trunking"] = TelnyxRefused("no such product", field="request")
    await _to_the_next_night(world)
    assert [sweep.verdict for sweep in _closing(world)] == ["complete"]
    assert _readings_of_the_day(world) == 1
    world.clock.advance(7_200)
    await world.sweep_all()
    assert _readings_of_the_day(world) == 1


async def test_a_type_in_trouble_is_closed_later_and_holds_up_no_other(world: World) -> None:
    _report(world, len(_traffic(world)) * COST.nanos)
    await world.sweep_all()
    world.clock.advance(UNTIL_CLOSED_S)
    world.telnyx.faults["sip-trunking"] = TelnyxUnreachable("no answer")
    await world.sweep_all()
    assert _closing(world) == []
    closed = {sweep.record_type for sweep in world.ledger.sweeps if sweep.window == closing_window(TODAY)}
    assert "amd" in closed
    world.telnyx.faults.clear()
    world.clock.advance(120)
    await world.sweep_all()
    assert len(_closing(world)) == 1


async def test_what_lies_before_the_first_sweep_is_the_backfills_business(world: World) -> None:
    await world.sweep_all()
    world.clock.advance(timedelta(days=2).total_seconds())
    await world.sweep_all()
    days = {sweep.window for sweep in world.ledger.sweeps if sweep.window.length_s == 27 * 3_600}
    assert days == {closing_window(TODAY), closing_window(TODAY + timedelta(days=1))}
