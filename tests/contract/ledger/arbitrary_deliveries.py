"""Arbitrary facts as they arrive: in any order, some of them twice, cut into any batches.

Facts that are drawn one by one seldom close anything. So whole stories are mixed in, which do, almost do, or do until
another fact arrives.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from services.common.money import Money
from services.common.times import utc_day
from services.ledger.store.recorded_sweeps import Sweep, UsageDay
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.contract.ledger.arbitrary_facts import (
    MIDNIGHT,
    CountedSweep,
    events,
    message_events,
    message_records,
    records,
    sweeps,
    usage,
)
from tests.support.ledger_books import Fact, Usage
from tests.support.ledger_facts import LegIds

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_BASE_TYPES = ("sip-trunking", "call-control")
_CALLS = (LegIds("session-1", "v3:one", "leg-1"), LegIds("session-2", "v3:three", "leg-3"))
_STRANGER = LegIds("session-9", "v3:nine", "leg-9")


def _hangup(call: LegIds) -> WebhookEvent:
    return WebhookEvent(
        event_id=f"hangup of {call.leg_id}",
        event_type="call.hangup",
        occurred_at=MIDNIGHT + _MINUTE,
        received_at=MIDNIGHT + 2 * _MINUTE,
        session_id=call.session_id,
        call_control_id=call.call_control_id,
        leg_id=call.leg_id,
        direction="outbound",
        from_number="+12025550100",
        to_number="+12025550131",
        started_at=MIDNIGHT,
        ended_at=MIDNIGHT + _MINUTE,
        hangup_cause="normal_clearing",
    )


def _record(call: LegIds, record_type: str, number: int, nanos: int, minutes: int = 60) -> DetailRecord:
    return DetailRecord(
        record_type=record_type,
        record_id=f"{record_type} {number} of {call.leg_id}",
        observed_at=MIDNIGHT + minutes * _MINUTE,
        record_time=MIDNIGHT,
        session_id=call.session_id,
        call_control_id=call.call_control_id if record_type == "sip-trunking" else "",
        leg_id=call.leg_id if record_type == "call-control" else "",
        direction="outbound",
        cost=Money("USD", nanos),
        billed_seconds=60 if nanos else 0,
    )


def _closing_sweep(record_type: str, form: str, difference: int) -> CountedSweep:
    sweep = Sweep(
        record_type=record_type,
        query_form=f"{record_type}?{form}@ours",
        account_key="ours",
        from_at=MIDNIGHT - 30 * _HOUR,
        to_at=MIDNIGHT + 30 * _HOUR,
        read_at=MIDNIGHT + 40 * _HOUR,
        total_results=0,
    )
    return CountedSweep(sweep, difference)


@st.composite
def _closings(draw: st.DrawFn) -> list[Any]:
    """A call, records of another call, and windows that are complete in the end, too early, or never."""
    call = draw(st.sampled_from(_CALLS))
    strangers = [
        _record(_STRANGER, name, number, draw(st.sampled_from((0, 5_000_000))))
        for name in _BASE_TYPES
        for number in range(draw(st.integers(0, 2)))
    ]
    own = [_record(call, "sip-trunking", 1, 5_000_000)] * draw(st.integers(0, 1))
    windows = [_closing_sweep(name, "a", draw(st.sampled_from((0, 0, -1, 1)))) for name in _BASE_TYPES]
    return [_hangup(call), *own, *strangers, *windows]


@st.composite
def _reports(draw: st.DrawFn) -> list[Any]:
    """A call, empty windows of a query that never returned a row, and usage reports that show 0, or nearly."""
    call = draw(st.sampled_from(_CALLS))
    has_spoken = _closing_sweep("messaging", "c", draw(st.sampled_from((1, 1, 0))))
    reports = [
        Usage(
            record_type=name,
            days=tuple(
                UsageDay(day=utc_day(MIDNIGHT + days * 24 * _HOUR), cost=Money("USD", nanos))
                for days, nanos in ((-1, 0), (0, draw(st.sampled_from((0, 0, 0, 7)))), (1, 0))
            ),
            read_at=MIDNIGHT + 41 * _HOUR,
            account_key="ours",
        )
        for name in _BASE_TYPES
    ]
    return [_hangup(call), has_spoken, *reports, *(_closing_sweep(name, "d", 0) for name in _BASE_TYPES)]


@st.composite
def _changes(draw: st.DrawFn) -> list[Any]:
    """One record that says one thing, then another, then perhaps the first again; perhaps of another leg."""
    first = _record(_CALLS[0], "call-control", 7, 2_000_000, minutes=60)
    other = _record(draw(st.sampled_from(_CALLS)), "call-control", 7, 4_000_000, minutes=70)
    second = replace(other, record_id=first.record_id)
    third = replace(first, observed_at=MIDNIGHT + 80 * _MINUTE)
    return [_hangup(_CALLS[0]), first, second, third][: draw(st.integers(3, 4))]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Facts in the order of their arrival, some of them twice, in batches of one kind each."""

    batches: tuple[tuple[Fact, ...], ...]

    @property
    def facts(self) -> list[Fact]:
        return [fact for batch in self.batches for fact in batch]


@st.composite
def deliveries(draw: st.DrawFn, max_size: int = 8) -> Deliveries:
    """Any facts, in any order, repeated and cut into any batches."""
    one = st.one_of(
        *(events(), events(), events(), records(), records(), records()),
        *(message_events(), message_records(), sweeps(), sweeps(), usage()),
    )
    drawn: list[Any] = draw(st.lists(one, max_size=max_size))
    for story in draw(st.lists(st.one_of(_closings(), _reports(), _changes()), max_size=2)):
        for fact in story:
            drawn.insert(draw(st.integers(0, len(drawn))), fact)
    if drawn:
        for index in draw(st.lists(st.integers(0, len(drawn) - 1), max_size=3)):
            drawn.insert(draw(st.integers(0, len(drawn))), drawn[index])
    seen = [fact for fact in drawn if isinstance(fact, DetailRecord)]
    facts = [fact.counted(seen) if isinstance(fact, CountedSweep) else fact for fact in drawn]
    cuts = draw(st.lists(st.booleans(), min_size=len(facts), max_size=len(facts)))
    return Deliveries(tuple(map(tuple, _batches(facts, cuts))))


def _batches(facts: Sequence[Fact], cuts: Sequence[bool]) -> list[list[Fact]]:
    """Neighbours of one kind share a batch unless there is a cut between them; sweeps and usage come one by one."""
    batches: list[list[Fact]] = []
    for fact, is_cut in zip(facts, cuts, strict=True):
        joins = batches and not is_cut and isinstance(fact, type(batches[-1][0]))
        if joins and isinstance(fact, WebhookEvent | DetailRecord):
            batches[-1].append(fact)
        else:
            batches.append([fact])
    return batches
