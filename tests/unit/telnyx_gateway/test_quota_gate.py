"""The door to an endpoint: order, bounded waits, and permits that are never lost."""

import asyncio
from collections.abc import Mapping

import pytest

from services.common.clock import SystemClock
from services.common.errors import QuotaExhausted, Unavailable
from services.telnyx_gateway import quota_gate
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.quota_gate import QuotaGate


def headers(remaining: int, reset_s: int) -> dict[str, str]:
    return {
        "x-ratelimit-limit": "40, 40;w=60",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset_s),
    }


async def ask(gate: QuotaGate, priority: Priority, told: Mapping[str, str], order: list[Priority]) -> None:
    async with gate.permit(priority) as permit:
        order.append(priority)
        await asyncio.sleep(0)
        permit.answered(200, told)


@pytest.fixture
def gate() -> QuotaGate:
    return QuotaGate("detail_records", 40, 60, SystemClock())


async def test_people_go_before_jobs_and_jobs_before_the_background(gate: QuotaGate) -> None:
    order: list[Priority] = []
    async with gate.permit(Priority.JOB) as first:
        waiting = [
            asyncio.create_task(ask(gate, priority, headers(30, 50), order))
            for priority in (Priority.BACKGROUND, Priority.JOB, Priority.PERSON)
        ]
        await asyncio.sleep(0)
        first.answered(200, headers(31, 50))
        await asyncio.gather(*waiting)
    assert order == [Priority.PERSON, Priority.JOB, Priority.BACKGROUND]


async def test_a_person_does_not_wait_for_a_far_window(gate: QuotaGate) -> None:
    await ask(gate, Priority.JOB, headers(0, 50), [])
    with pytest.raises(QuotaExhausted) as refused:
        await ask(gate, Priority.PERSON, headers(0, 50), [])
    assert 48 < refused.value.retry_after_s <= 50


async def test_a_job_waits_for_the_next_window(gate: QuotaGate) -> None:
    order: list[Priority] = []
    await ask(gate, Priority.JOB, headers(0, 1), order)
    await ask(gate, Priority.JOB, headers(39, 60), order)
    assert len(order) == 2
    assert gate.report().remaining == 39


async def test_waiting_has_an_end(gate: QuotaGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_gate, "PATIENCE_S", {Priority.BACKGROUND: 0.05})
    async with gate.permit(Priority.BACKGROUND):
        with pytest.raises(QuotaExhausted):
            await ask(gate, Priority.BACKGROUND, {}, [])


async def test_the_queue_has_an_end(gate: QuotaGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_gate, "MAX_WAITING", 1)
    async with gate.permit(Priority.JOB):
        first = asyncio.create_task(ask(gate, Priority.JOB, headers(5, 50), []))
        await asyncio.sleep(0)
        with pytest.raises(QuotaExhausted):
            await ask(gate, Priority.JOB, {}, [])
    await first


async def test_a_caller_that_goes_away_leaves_its_turn_to_the_next(gate: QuotaGate) -> None:
    order: list[Priority] = []
    async with gate.permit(Priority.JOB) as first:
        leaving = asyncio.create_task(ask(gate, Priority.PERSON, {}, order))
        staying = asyncio.create_task(ask(gate, Priority.JOB, headers(29, 50), order))
        await asyncio.sleep(0)
        first.answered(200, headers(30, 50))
        # Its turn has just come; nobody has told it yet.
        leaving.cancel()
        await staying
    assert order == [Priority.JOB]
    assert leaving.cancelled()
    assert gate.report().remaining == 29


async def test_a_request_that_failed_on_the_way_counts_as_used(gate: QuotaGate) -> None:
    await ask(gate, Priority.JOB, headers(20, 50), [])
    with pytest.raises(ConnectionError):
        async with gate.permit(Priority.JOB):
            raise ConnectionError
    assert gate.report().remaining == 19


async def test_nobody_waits_at_a_process_that_ends(gate: QuotaGate) -> None:
    async with gate.permit(Priority.JOB) as first:
        waiting = asyncio.create_task(ask(gate, Priority.JOB, headers(0, 50), []))
        await asyncio.sleep(0)
        gate.close()
        with pytest.raises(Unavailable):
            await waiting
        with pytest.raises(Unavailable):
            await ask(gate, Priority.PERSON, headers(0, 50), [])
        first.answered(200, headers(31, 50))
    assert gate.report().remaining == 31
