"""Natural batching: what waits together goes together, within bounds, and each waiter hears of its own event."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from gateway.batching import BatchLimits, EventBatcher
from services.common.errors import Conflict, InvalidInput, TollbookError, Unavailable
from tests.support.waiting import until
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent


class HeldLedger:
    """Takes batches one at a time, each when the test lets it."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.refused: dict[str, TollbookError | Exception] = {}
        self.open = asyncio.Event()
        self.open.set()

    async def record(self, events: Sequence[WebhookEvent]) -> None:
        ids = [event.event_id for event in events]
        self.batches.append(ids)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.open.wait()
        finally:
            self.in_flight -= 1
        for event_id in ids:
            if event_id in self.refused:
                raise self.refused[event_id]


def event(event_id: str, size_bytes: int = 0) -> WebhookEvent:
    return WebhookEvent(event_id=event_id, raw=b"x" * size_bytes)


async def submit_all(batcher: EventBatcher, ids: Sequence[str]) -> list[BaseException | None]:
    return await asyncio.gather(*(batcher.submit(event(i)) for i in ids), return_exceptions=True)


async def test_an_idle_edge_sends_an_event_at_once_and_alone() -> None:
    ledger = HeldLedger()
    batcher = EventBatcher(ledger.record)
    await batcher.submit(event("a"))
    await batcher.submit(event("b"))
    assert ledger.batches == [["a"], ["b"]]


async def test_what_arrives_during_a_call_goes_together_in_the_next() -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.submit(event("first")))
        await until(lambda: ledger.in_flight == 1)
        later = [f"e{number}" for number in range(300)]
        for name in later:
            tasks.create_task(batcher.submit(event(name)))
        await asyncio.sleep(0)
        ledger.open.set()
    assert ledger.batches == [["first"], later[:128], later[128:256], later[256:]]
    assert ledger.most_in_flight == 2


async def test_a_second_call_goes_out_only_for_a_good_part_of_a_batch() -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record, BatchLimits(further_call_events=3))
    async with asyncio.TaskGroup() as tasks:
        for name in ("first", *"ab"):
            tasks.create_task(batcher.submit(event(name)))
            await until(lambda: ledger.in_flight == 1)
        assert ledger.batches == [["first"]]
        tasks.create_task(batcher.submit(event("c")))
        await until(lambda: ledger.in_flight == 2)
        # Too little for a third, and for a second once one of the two is back: it goes after the last.
        for name in "de":
            tasks.create_task(batcher.submit(event(name)))
        await asyncio.sleep(0)
        assert ledger.in_flight == 2
        ledger.open.set()
    assert ledger.batches == [["first"], ["a", "b", "c"], ["d", "e"]]


async def test_it_is_behind_while_many_wait() -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record, BatchLimits(behind_events=2))
    seen = [batcher.is_behind]
    waiting = [asyncio.create_task(batcher.submit(event("first")))]
    await until(lambda: ledger.in_flight == 1)
    seen.append(batcher.is_behind)
    waiting += [asyncio.create_task(batcher.submit(event(name))) for name in "ab"]
    await asyncio.sleep(0)
    seen.append(batcher.is_behind)
    ledger.open.set()
    await asyncio.gather(*waiting)
    assert [*seen, batcher.is_behind] == [False, False, True, False]


async def test_it_is_behind_while_one_waits_long() -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record, BatchLimits(behind_s=0.001))
    waiting = asyncio.create_task(batcher.submit(event("one")))
    await until(lambda: batcher.is_behind)
    ledger.open.set()
    await waiting
    assert not batcher.is_behind


async def test_a_batch_is_bounded_in_bytes_but_never_empty() -> None:
    ledger = HeldLedger()
    batcher = EventBatcher(ledger.record, BatchLimits(batch_bytes=1000))
    async with asyncio.TaskGroup() as tasks:
        for name, size in (("a", 400), ("b", 400), ("c", 400), ("huge", 5000), ("d", 10)):
            tasks.create_task(batcher.submit(event(name, size)))
    assert ledger.batches == [["a", "b"], ["c"], ["huge"], ["d"]]


@pytest.mark.parametrize(
    ("limits", "fitting"),
    [(BatchLimits(waiting_events=3), 3), (BatchLimits(waiting_bytes=350), 3)],
    ids=["events", "bytes"],
)
async def test_a_full_queue_refuses_what_comes_next_and_keeps_the_rest(
    limits: BatchLimits, fitting: int
) -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record, limits)
    first = asyncio.create_task(batcher.submit(event("first", 100)))
    await until(lambda: ledger.in_flight == 1)
    waiting = [asyncio.create_task(batcher.submit(event(f"w{n}", 100))) for n in range(fitting)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refusal:
        await batcher.submit(event("one too many", 100))
    assert refusal.value.retry_after_s == 1
    ledger.open.set()
    await asyncio.gather(first, *waiting)
    await batcher.submit(event("room again", 100))
    assert sorted(itertools.chain.from_iterable(ledger.batches)) == sorted(
        ["first", "w0", "w1", "w2", "room again"]
    )


@pytest.mark.parametrize("error", [Unavailable("too much", retry_after_s=1), Conflict("busy")])
async def test_a_ledger_that_has_too_much_to_do_fails_its_batch_once(error: TollbookError) -> None:
    ledger = HeldLedger()
    ledger.refused["b"] = error
    batcher = EventBatcher(ledger.record)
    results = await submit_all(batcher, ["a", "b", "c"])
    assert [type(result) for result in results] == [type(error)] * 3
    assert len(set(map(id, results))) == 3
    assert ledger.batches == [["a", "b", "c"]]
    await batcher.submit(event("d"))


async def test_a_ledger_that_is_restarted_is_asked_again_until_it_is_back() -> None:
    ledger = HeldLedger()
    ledger.refused["b"] = Unavailable("a service of Tollbook did not answer: UNAVAILABLE")
    batcher = EventBatcher(ledger.record, BatchLimits(absence_pause_s=0.001))
    waiting = asyncio.create_task(submit_all(batcher, ["a", "b", "c"]))
    await until(lambda: len(ledger.batches) >= 3)
    assert not waiting.done()
    ledger.refused.clear()
    assert await waiting == [None] * 3
    assert set(map(tuple, ledger.batches)) == {("a", "b", "c")}


async def test_nobody_waits_for_a_ledger_that_stays_away() -> None:
    ledger = HeldLedger()
    ledger.refused["a"] = Unavailable("a service of Tollbook did not answer: UNAVAILABLE")
    batcher = EventBatcher(ledger.record, BatchLimits(absence_pause_s=0.001, patience_s=0.05))
    with pytest.raises(Unavailable, match="in time") as refusal:
        await batcher.submit(event("a"))
    assert refusal.value.retry_after_s == 1
    await batcher.drain()


async def test_who_waits_at_the_very_end_is_told_to_come_again() -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record, BatchLimits(further_call_events=100))
    waiting = [asyncio.create_task(batcher.submit(event("in flight")))]
    await until(lambda: ledger.in_flight == 1)
    waiting.append(asyncio.create_task(batcher.submit(event("behind it"))))
    await asyncio.sleep(0)
    batcher.give_up()
    results = [*await asyncio.gather(*waiting, return_exceptions=True), *await submit_all(batcher, ["later"])]
    assert [type(result) for result in results] == [Unavailable] * 3
    assert ledger.batches == [["in flight"]]
    await batcher.drain()


@pytest.mark.parametrize("fault", [InvalidInput("no such event"), TollbookError("broken")])
async def test_a_poisonous_event_fails_alone(fault: TollbookError) -> None:
    ledger = HeldLedger()
    ledger.refused["poison"] = fault
    batcher = EventBatcher(ledger.record)
    results = await submit_all(batcher, ["a", "poison", "c"])
    assert [type(result) for result in results] == [type(None), type(fault), type(None)]
    assert str(results[1]) == fault.detail
    assert ledger.batches == [["a", "poison", "c"], ["a"], ["poison"], ["c"]]


async def test_a_ledger_that_goes_away_meanwhile_ends_the_search() -> None:
    ledger = HeldLedger()
    ledger.refused |= {"a": InvalidInput("no"), "b": Unavailable("gone", retry_after_s=1)}
    results = await submit_all(EventBatcher(ledger.record), ["a", "b", "c"])
    assert [type(result) for result in results] == [InvalidInput, Unavailable, Unavailable]
    assert ledger.batches == [["a", "b", "c"], ["a"], ["b"]]


async def test_a_fault_of_ours_is_told_and_does_not_stop_the_next() -> None:
    ledger = HeldLedger()
    ledger.refused["a"] = RuntimeError("a bug")
    batcher = EventBatcher(ledger.record)
    with pytest.raises(TollbookError, match="could not be handed to the ledger"):
        await batcher.submit(event("a"))
    await batcher.submit(event("b"))


async def test_who_waits_too_long_is_told_so_and_is_not_sent() -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record, BatchLimits(patience_s=0.01))
    results = await asyncio.gather(
        batcher.submit(event("in flight")), batcher.submit(event("with it")), return_exceptions=True
    )
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    with pytest.raises(Unavailable, match="in time"):
        await batcher.submit(event("behind"))
    ledger.open.set()
    await batcher.drain()
    assert ledger.batches == [["in flight", "with it"]]


async def test_draining_waits_for_everything_that_was_taken() -> None:
    ledger = HeldLedger()
    ledger.open.clear()
    batcher = EventBatcher(ledger.record)
    taken = [asyncio.create_task(batcher.submit(event(f"e{number}"))) for number in range(200)]
    await until(lambda: ledger.in_flight == 2)
    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    ledger.open.set()
    await draining
    assert sum(map(len, ledger.batches)) == 200
    await asyncio.gather(*taken)
    await batcher.drain()
