"""Signs of life: what a reconciler says of its works, and of Telnyx."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.common.errors import (
    InvalidInput,
    NotFound,
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
)
from services.common.freshness.observed import Look, Progress, WorkProgress
from services.common.freshness.rule import symptoms_at_first_sight
from services.common.freshness.symptom import Symptom
from services.common.freshness.wire import decode_progress
from services.reconciler.progress.codec import encode_progress
from services.reconciler.progress.noted_telnyx import NotedTelnyx
from services.reconciler.progress.own_progress import OwnProgress
from services.reconciler.progress.reading import Reading
from services.reconciler.progress.work import Work, step_made
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.repeating import Ticker
from services.reconciler.usage import Usage
from services.reconciler.windows import Window
from tests.support.clocks import ManualClock
from tollbook.reconciler.v1.progress_pb2 import GetProgressResponse

START = datetime(2026, 11, 22, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=1))
READ = Read(record_type="call-control", priority="background", window=WINDOW)
END = ReadEnd(total_results=0, read_at=START, query_form="", account_key="", request_count=1)


def _standstill_s(work: Work) -> float | None:
    age = work.told().standstill_age
    return None if age is None else age.total_seconds()


def _failing_s(work: Work) -> float | None:
    age = work.told().failing_age
    return None if age is None else age.total_seconds()


async def _turn_that(clock: ManualClock, *, fails: bool) -> tuple[Work, float]:
    async def tick() -> float:
        clock.advance(1)
        if fails:
            raise TelnyxUnreachable("Telnyx cannot be reached")
        return 60.0

    ticker = Ticker("work", tick, clock)
    return ticker.work, await ticker.turn()


async def test_between_its_turns_a_work_does_not_stand_still() -> None:
    clock = ManualClock()
    work, wait_s = await _turn_that(clock, fails=False)
    clock.advance(wait_s)
    assert work.told() == WorkProgress(name="work")


async def test_a_turn_that_does_not_begin_when_it_is_due_stands_still() -> None:
    """The task has died, or the event loop hangs."""
    clock = ManualClock()
    work, wait_s = await _turn_that(clock, fails=False)
    clock.advance(wait_s + 600)
    assert _standstill_s(work) == 600


async def test_a_turn_that_hangs_stands_still_from_its_last_step() -> None:
    clock = ManualClock()

    async def tick() -> float:
        clock.advance(100)
        # A step of what the turn has started counts as well.
        await asyncio.create_task(_step())
        clock.advance(700)
        told.append(_standstill_s(ticker.work))
        return 1.0

    async def _step() -> None:
        step_made()

    told: list[float | None] = []
    ticker = Ticker("work", tick, clock)
    await ticker.turn()
    assert told == [700]
    assert _standstill_s(ticker.work) is None


def test_a_step_outside_of_any_work_says_nothing() -> None:
    step_made()


async def test_failing_lasts_from_the_first_turn_that_failed() -> None:
    clock = ManualClock()
    fault: list[TollbookError] = [TelnyxUnreachable("Telnyx cannot be reached")]

    async def tick() -> float:
        if fault:
            raise fault[0]
        return 1.0

    ticker = Ticker("work", tick, clock)
    for _ in range(3):
        await ticker.turn()
        clock.advance(100)
    assert (_failing_s(ticker.work), ticker.work.told().reason) == (300, "Telnyx cannot be reached")
    fault.clear()
    await ticker.turn()
    assert ticker.work.told() == WorkProgress(name="work")


class _Telnyx:
    """Answers, or fails with what it is given."""

    def __init__(self) -> None:
        self.fault: TollbookError | None = None

    async def list_records(self, read: Read, timeout_s: float) -> AsyncGenerator[RecordPage | ReadEnd, None]:
        if self.fault is not None:
            raise self.fault
        yield END

    async def count_records(self, record_type: str, window: Window, priority: Priority) -> ReadEnd:
        if self.fault is not None:
            raise self.fault
        return END

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        if self.fault is not None:
            raise self.fault
        raise NotImplementedError


async def _ask(telnyx: NotedTelnyx, how: str) -> None:
    if how == "list":
        assert [part async for part in telnyx.list_records(READ, 1)] == [END]
    else:
        await telnyx.count_records("call-control", WINDOW, "background")


@pytest.mark.parametrize("how", ["list", "count"])
async def test_readings_fail_from_the_first_failure_to_the_last(how: str) -> None:
    clock, telnyx = ManualClock(), _Telnyx()
    reading = Reading(clock)
    noted = NotedTelnyx(telnyx, reading)
    await _ask(noted, how)
    assert reading.unread_age() is None
    telnyx.fault = QuotaExhausted("the quota is used up")
    for _ in range(4):
        clock.advance(60)
        with pytest.raises(QuotaExhausted):
            await _ask(noted, how)
    clock.advance(3600)
    assert (reading.unread_age(), reading.reason) == (timedelta(minutes=3), "the quota is used up")
    telnyx.fault = None
    await _ask(noted, how)
    assert (reading.unread_age(), reading.reason) == (None, "")


@pytest.mark.parametrize(
    "fault",
    [
        TelnyxRefused("this type cannot be listed", field="request"),
        InvalidInput("a count needs a window"),
        NotFound("no such record"),
    ],
)
async def test_what_is_wrong_with_a_question_says_nothing_of_telnyx(fault: TollbookError) -> None:
    telnyx = _Telnyx()
    reading = Reading(ManualClock())
    telnyx.fault = fault
    with pytest.raises(type(fault)):
        await _ask(NotedTelnyx(telnyx, reading), "count")
    assert reading.unread_age() is None


async def test_a_refused_key_does() -> None:
    telnyx = _Telnyx()
    reading = Reading(ManualClock())
    telnyx.fault = TelnyxRefused("the key was refused", field="TELNYX_API_KEY")
    with pytest.raises(TelnyxRefused):
        await _ask(NotedTelnyx(telnyx, reading), "count")
    assert reading.unread_age() == timedelta(0)


@pytest.mark.parametrize("how", ["list", "count", "usage"])
@pytest.mark.parametrize("fails", [True, False])
async def test_every_answer_is_a_step_and_so_is_every_failure(how: str, *, fails: bool) -> None:
    clock, telnyx = ManualClock(), _Telnyx()
    noted = NotedTelnyx(telnyx, Reading(clock))
    telnyx.fault = TelnyxUnreachable("Telnyx cannot be reached") if fails or how == "usage" else None
    work = Work("work", clock)
    work.begins()
    clock.advance(500)
    try:
        if how == "usage":
            await noted.list_usage("call-control", WINDOW.start_at.date(), WINDOW.end_at.date())
        else:
            await _ask(noted, how)
    except TelnyxUnreachable:
        pass
    assert _standstill_s(work) == 0


async def test_a_work_that_hangs_comes_to_be_said() -> None:
    """From the turn that hangs to the sentence that somebody reads: as it goes over the wire."""
    clock = ManualClock()

    async def hang() -> float:
        clock.advance(600)
        told = GetProgressResponse(reconcilers=[encode_progress(own.told())])
        seen = Look(silent=frozenset(), progress=decode_progress(told))
        assert seen.progress == Progress(reconcilers=(own.told(),))
        found.extend(symptoms_at_first_sight(seen, clock.now(), watched_since=START))
        return 1.0

    found: list[Symptom] = []
    ticker = Ticker("sweeping", hang, clock)
    own = OwnProgress("me", Reading(clock), tuple, ())
    own.follow([ticker])
    await ticker.turn()
    [symptom] = found
    assert symptom.name == "reconciler_stuck"
    assert symptom.finding == "The reconciler is stuck at sweeping: 10 minutes without a step."


async def test_a_reconciler_tells_of_all_that_it_follows() -> None:
    clock = ManualClock()

    async def tick() -> float:
        raise TelnyxUnreachable("Telnyx cannot be reached")

    ticker = Ticker("testing progress", tick, clock)
    own = OwnProgress("me", Reading(clock), lambda: {"sip-trunking", "amd"}, ("sip-trunking", "call-control"))
    own.follow([ticker])
    await ticker.turn()
    clock.advance(20)
    told = own.told()
    assert told.name == "me"
    assert told.refused_record_types == ("sip-trunking",)
    [work] = told.works
    assert (work.failing_age, work.standstill_age) == (timedelta(seconds=20), timedelta(seconds=19))
    labels = {"work": "testing progress"}
    assert REGISTRY.get_sample_value("tollbook_work_failing_seconds", labels) == 20
    assert REGISTRY.get_sample_value("tollbook_work_standstill_seconds", labels) == 19
