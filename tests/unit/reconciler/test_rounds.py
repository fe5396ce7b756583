"""Attempts: one round of readings serves all due jobs, and every job says why it waits."""

import asyncio

import pytest

from services.common.errors import (
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)
from services.reconciler.attempt import Attempt
from services.reconciler.job import SETTLED_BY_OTHERS
from services.reconciler.repeating import PERIOD_S
from services.reconciler.rounds import RoundCounts
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import record_of
from tests.unit.reconciler.moments import NOON, after, item

BASE = ("sip-trunking", "call-control")


def _publish(world: World, *names: str, types: tuple[str, ...] = BASE) -> None:
    for name in names:
        for record_type in types:
            world.telnyx.publish(record_of(world.ledger.items[name], record_type))


async def test_the_first_attempt_is_five_seconds_after_the_hang_up(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(4)
    assert await world.attempt() == []
    assert world.telnyx.asked == []
    world.clock.advance(1)
    [job] = await world.attempt()
    assert (job.attempts, job.status, job.next_run_at) == (1, "pending", after(30))
    assert job.last_error == "Telnyx has not published yet: sip-trunking, call-control"


async def test_one_page_round_serves_every_due_job(world: World) -> None:
    names = [f"leg-{number}" for number in range(20)]
    world.ledger.open(*(item(name, *BASE) for name in names))
    _publish(world, *names)
    world.clock.advance(5)
    judged = await world.attempt()
    assert {job.status for job in judged} == {"completed"}
    assert sorted(world.telnyx.asked_types()) == ["call-control", "sip-trunking"]
    assert world.telnyx.request_count == 2


async def test_what_settled_meanwhile_costs_no_quota(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    world.ledger.items.clear()
    [job] = await world.reconciler.rounds.run_round()
    assert (job.status, job.attempts, job.completed_at) == ("completed", 0, after(5))
    assert world.telnyx.asked == []


async def test_attempts_end_and_the_job_fails_with_its_reason(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    run_times: list[float] = []
    for _ in range(2_000):
        world.clock.advance(1)
        run_times += [(job.updated_at - NOON).total_seconds() for job in await world.attempt()]
    assert run_times == [5, 30, 90, 210, 450, 930, 1_890]
    job = await world.job("leg")
    assert (job.status, job.attempts, job.next_run_at) == ("failed", 7, None)
    assert "not published yet" in job.last_error


async def test_settling_completes_a_failed_job_and_something_newly_missing_reopens_it(world: World) -> None:
    world.restart(reconcile_delays_seconds="5")
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.attempt()
    assert (await world.job("leg")).status == "failed"
    world.clock.advance(1)
    world.ledger.open(item("leg", *BASE))
    await world.attempt()
    assert (await world.job("leg")).status == "failed"
    world.ledger.items.clear()
    world.clock.advance(60)
    await world.attempt()
    assert (await world.job("leg")).status == "completed"
    world.clock.advance(60)
    world.ledger.open(item("leg", "recording", settled=True))
    await world.attempt()
    job = await world.job("leg")
    assert (job.status, job.attempts, job.next_run_at) == ("pending", 0, after(131))
    assert job.completed_at is None


async def test_a_failed_job_reopens_only_for_news(world: World) -> None:
    world.restart(reconcile_delays_seconds="5")
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.attempt()
    world.clock.advance(5)
    world.ledger.open(item("leg", *BASE, "amd"))
    await world.attempt()
    assert (await world.job("leg")).status == "pending"


@pytest.mark.parametrize(
    ("fault", "reason", "attempts"),
    [
        (TelnyxUnreachable("Telnyx gave no usable answer (status 502)"), "no usable answer", 1),
        (TelnyxUnreachable("Telnyx did not answer in time", retry_after_s=20), "did not answer", 0),
        (TelnyxRefused("Telnyx refused the API key (401)", field="TELNYX_API_KEY"), "refused the API key", 0),
        (Unavailable("a service of Tollbook did not answer: UNAVAILABLE"), "did not answer", 0),
    ],
)
async def test_an_outage_is_the_reason_and_the_retry_comes(
    world: World, fault: TollbookError, reason: str, attempts: int
) -> None:
    world.ledger.open(item("leg", *BASE))
    _publish(world, "leg")
    world.telnyx.faults = {"sip-trunking": fault, "call-control": fault}
    world.clock.advance(5)
    [job] = await world.attempt()
    assert (job.status, job.attempts) == ("pending", attempts)
    assert reason in job.last_error
    world.telnyx.faults = {}
    world.clock.advance(25)
    [job] = await world.attempt()
    assert (job.status, job.attempts, job.last_error) == ("completed", attempts + 1, "")


async def test_without_quota_the_attempt_does_not_count(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    spent = QuotaExhausted("Telnyx's request quota is used up", retry_after_s=42)
    world.telnyx.faults = {"sip-trunking": spent, "call-control": spent}
    world.clock.advance(5)
    [job] = await world.attempt()
    assert (job.status, job.attempts, job.next_run_at) == ("pending", 0, after(47))
    assert "quota" in job.last_error


async def test_one_faulty_type_does_not_stop_the_other(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    _publish(world, "leg")
    world.telnyx.faults = {"call-control": TelnyxUnreachable("no answer")}
    world.clock.advance(5)
    [job] = await world.attempt()
    assert job.missing == ("call-control",)
    assert job.last_error == "call-control could not be read: no answer"


async def test_an_answer_without_its_end_is_kept_but_not_trusted(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    _publish(world, "leg", types=("sip-trunking",))
    world.telnyx.ends_early = {"sip-trunking", "call-control"}
    world.clock.advance(5)
    [job] = await world.attempt()
    assert ("sip-trunking", "sip-trunking-of-leg") in world.ledger.records
    assert "ended before its last page" in job.last_error


async def test_pages_before_a_fault_are_kept(world: World) -> None:
    world.ledger.open(item("leg", "sip-trunking"))
    _publish(world, "leg", types=("sip-trunking",))
    world.telnyx.faults = {"sip-trunking": TelnyxUnreachable("no answer")}
    world.telnyx.breaks_late = True
    world.clock.advance(5)
    [job] = await world.attempt()
    assert job.status == "completed"


async def test_a_type_that_nobody_knows_is_named(world: World) -> None:
    world.ledger.open(item("leg", "carrier-pigeon"))
    world.clock.advance(5)
    [job] = await world.attempt()
    assert world.telnyx.asked == []
    assert job.last_error == "carrier-pigeon could not be read: Tollbook knows no such record type"


async def test_an_unreadable_amount_is_the_reason(world: World) -> None:
    world.ledger.open(item("leg", unreadable=("sip-trunking record r: cost cannot be read",)))
    world.clock.advance(5)
    [job] = await world.attempt()
    assert job.last_error == "sip-trunking record r: cost cannot be read"


async def test_a_ledger_that_does_not_answer_costs_no_attempt(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    world.ledger.fault = Unavailable("the ledger did not answer")
    [job] = await world.reconciler.rounds.run_round()
    assert (job.status, job.attempts, job.next_run_at) == ("pending", 0, after(10))
    assert "the ledger did not answer" in job.last_error
    assert world.telnyx.asked == []


async def test_messages_are_reconciled_too(world: World) -> None:
    world.ledger.open(item("message", "messaging", kind="sms", start_s=-1))
    _publish(world, "message", types=("messaging",))
    world.clock.advance(5)
    [job] = await world.attempt()
    assert job.status == "completed"
    assert world.telnyx.asked_types() == ["messaging"]


async def test_after_a_restart_everything_goes_on(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.attempt()
    world.restart()
    _publish(world, "leg")
    world.clock.advance(25)
    [job] = await world.attempt()
    assert (job.status, job.attempts) == ("completed", 2)


async def test_the_cron_trigger_runs_everything_that_is_due_and_counts(world: World) -> None:
    world.restart(reconcile_delays_seconds="5,30")
    names = [f"leg-{number}" for number in range(600)]
    world.ledger.open(*(item(name, *BASE) for name in names))
    _publish(world, *names[:400])
    world.clock.advance(5)
    await world.reconciler.discovery.look_now()
    counts = RoundCounts()
    await world.reconciler.rounds.run_due(counts)
    assert counts == RoundCounts(processed=600, succeeded=400, failed=0, retried=200)
    world.clock.advance(25)
    again = RoundCounts()
    await world.reconciler.rounds.run_due(again)
    assert again == RoundCounts(processed=200, succeeded=0, failed=200, retried=0)


async def test_rounds_rest_so_that_others_find_quota(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    world.telnyx.took_s = 15
    await world.reconciler.rounds.tick()
    asked = len(world.telnyx.asked)
    world.ledger.open(item("other", *BASE))
    world.clock.advance(1)
    await world.reconciler.discovery.tick()
    await world.reconciler.rounds.tick()
    assert len(world.telnyx.asked) == asked
    world.clock.advance(20)
    await world.reconciler.rounds.tick()
    assert len(world.telnyx.asked) > asked


async def test_the_timed_loop_does_not_wait_for_a_persons_round(world: World) -> None:
    """It would look as if it were stuck; what is due is served by that round."""
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    rounds = world.reconciler.rounds
    async with rounds._turn, asyncio.timeout(10):
        assert await rounds.tick() == PERIOD_S
    assert world.telnyx.asked == []
    await rounds.tick()
    assert world.telnyx.asked_types()


async def test_the_history_tells_of_every_attempt_until_it_settled(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    _publish(world, "leg", types=("sip-trunking",))
    world.clock.advance(5)
    await world.attempt()
    world.telnyx.faults = {"call-control": TelnyxUnreachable("no answer")}
    world.clock.advance(25)
    await world.attempt()
    world.telnyx.faults = {}
    _publish(world, "leg", types=("call-control",))
    world.clock.advance(60)
    await world.attempt()
    assert await world.history("leg") == (
        Attempt(finished_at=after(5), is_settled=False, reason="Telnyx has not published yet: call-control"),
        Attempt(finished_at=after(30), is_settled=False, reason="call-control could not be read: no answer"),
        Attempt(finished_at=after(90), is_settled=True),
    )


async def test_what_a_sweep_settled_before_its_attempt_is_told_as_such(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    world.clock.advance(5)
    await world.reconciler.discovery.tick()
    world.ledger.items.clear()
    await world.reconciler.rounds.run_round()
    assert await world.history("leg") == (
        Attempt(finished_at=after(5), is_settled=True, reason=SETTLED_BY_OTHERS),
    )


async def test_a_ledger_that_is_away_fills_no_history(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    await world.reconciler.discovery.tick()
    world.ledger.fault = Unavailable("the ledger did not answer")
    for _ in range(5):
        world.clock.advance(5)
        assert len(await world.reconciler.rounds.run_round()) == 1
    assert await world.history("leg") == ()


async def test_a_job_that_opens_again_keeps_its_history(world: World) -> None:
    world.ledger.open(item("leg", *BASE))
    _publish(world, "leg")
    world.clock.advance(5)
    await world.attempt()
    world.clock.advance(60)
    world.ledger.open(item("leg", "recording", settled=True))
    world.clock.advance(5)
    await world.attempt()
    assert [(line.is_settled, line.reason) for line in await world.history("leg")] == [
        (True, ""),
        (False, "Telnyx has not published yet: recording"),
    ]
