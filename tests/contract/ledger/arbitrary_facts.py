"""Arbitrary facts of few legs, sessions, messages and records, so that they meet.

Everything happens around midnight, so that a change of start moves a charge from one day to the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.common.money import Money
from services.common.times import utc_day
from services.ledger.store.recorded_sweeps import Sweep, UsageDay
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import RECORD_TYPES
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart, MessageFacts, WebhookEvent
from tests.support.ledger_books import Usage
from tests.support.ledger_facts import LegIds

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
ACCOUNTS = ("ours", "foreign")

_LEGS = (
    LegIds("session-1", "v3:one", "leg-1"),
    LegIds("session-1", "v3:two", "leg-2"),
    LegIds("session-2", "v3:three", "leg-3"),
    # The same legs, told with fewer ids.
    LegIds("session-1", "v3:one", ""),
    LegIds("", "v3:one", "leg-1"),
    LegIds("session-1", "", "leg-2"),
    LegIds("", "v3:three", ""),
    LegIds("session-1", "", ""),
    LegIds("session-2", "", ""),
    # What joins legs, or sessions, that looked apart, and ids of one system in the other.
    LegIds("session-2", "v3:two", "leg-3"),
    LegIds("session-3", "leg-1", ""),
    LegIds("session-3", "", "v3:two"),
    LegIds(),
)
_TYPES = ("sip-trunking", "call-control", "recording", "amd", "stt", "webrtc", "inference", "mystery")
_SWEPT = ("sip-trunking", "call-control", "recording", "messaging")
_CARRIED = {entry.name: entry for entry in RECORD_TYPES}
_PART_TYPES = ("sip-trunking", "call-control", "recording")


@dataclass(frozen=True, slots=True)
class CountedSweep:
    """A sweep whose count is told as the difference to what there is to count once all facts are known."""

    sweep: Sweep
    difference: int

    def counted(self, records: Iterable[DetailRecord]) -> Sweep:
        """The sweep as it should have been read, give or take the difference, if these are all records there are."""
        held = {
            record.record_id
            for record in records
            if record.record_type == self.sweep.record_type
            and record.record_time is not None
            and self.sweep.from_at <= record.record_time < self.sweep.to_at
            and record.observed_at <= self.sweep.read_at
        }
        return replace(self.sweep, total_results=max(0, len(held) + self.difference))


def minutes(*choices: int) -> st.SearchStrategy[datetime]:
    return st.sampled_from([MIDNIGHT + timedelta(minutes=minutes) for minutes in choices])


_amounts = st.sampled_from([0, 0, 2_000_000, 5_000_000, 15_000_000, 20_000_001])
_currencies = st.sampled_from(["USD", "USD", "USD", "USD", "USD", "EUR"])
_money = st.builds(Money, _currencies, _amounts)
_legs = st.sampled_from((*_LEGS[:3], *_LEGS[:3], *_LEGS))
_when = minutes(-3, -1, 0, 1, 2, 200)
_seconds = st.sampled_from([None, 0, 0, 60, 60, 180])
_seen_at = minutes(60, 61, 25 * 60, 26 * 60, 40 * 60)
_windows = st.sampled_from(
    [
        (MIDNIGHT + timedelta(hours=start), MIDNIGHT + timedelta(hours=end))
        for start, end in ((-2, 2), (-2, 2), (-30, 40), (-30, 40), (-6, 6), (-2, 0), (0, 12))
    ]
)
_read_at = minutes(61, 25 * 60 + 30, 30 * 60, 30 * 60, 41 * 60, 41 * 60)


@st.composite
def events(draw: st.DrawFn) -> WebhookEvent:
    leg = draw(_legs)
    occurred_at = draw(_when)
    event_type = draw(
        st.sampled_from(
            (
                *("call.hangup", "call.hangup", "call.hangup", "call.cost", "call.cost", "call.answered"),
                *(
                    "call.initiated",
                    "call.recording.saved",
                    "call.machine.detection.ended",
                    "call.dtmf.received",
                ),
            )
        )
    )
    number = draw(st.integers(0, 2))
    fields: dict[str, Any] = {}
    match event_type:
        case "call.hangup":
            cause = draw(st.sampled_from(("normal_clearing", "normal_clearing", "user_busy", "timeout")))
            fields = {
                "hangup_cause": cause,
                "started_at": draw(st.sampled_from((None, MIDNIGHT))),
                "ended_at": occurred_at,
            }
        case "call.cost":
            fields = {"call_cost": draw(_call_costs())}
        case "call.recording.saved":
            fields = {"recording_id": f"recording-{number}"}
        case _:
            pass
    return WebhookEvent(
        event_id=f"event-{event_type}-{number}",
        event_type=event_type,
        occurred_at=occurred_at,
        received_at=occurred_at + draw(st.sampled_from((timedelta(seconds=1), timedelta(hours=30)))),
        quarantined=draw(st.sampled_from((False, False, False, True))),
        session_id=leg.session_id,
        call_control_id=leg.call_control_id,
        leg_id=leg.leg_id,
        direction=draw(st.sampled_from(("outbound", "inbound", ""))),
        from_number="+12025550100",
        to_number=draw(st.sampled_from(("+12025550131", "sip:agent@example.test"))),
        **fields,
    )


@st.composite
def _call_costs(draw: st.DrawFn) -> CallCost:
    part = st.builds(
        CostPart, record_type=st.sampled_from(_PART_TYPES), cost=st.none() | _money, billed_seconds=_seconds
    )
    return CallCost(
        status=draw(st.sampled_from(("success", "success", "success", "error", "valid"))),
        total=draw(st.none() | _money),
        parts=tuple(draw(st.lists(part, max_size=3))),
    )


@st.composite
def message_events(draw: st.DrawFn) -> WebhookEvent:
    event_type = draw(st.sampled_from(("message.sent", "message.finalized", "message.received")))
    number = draw(st.integers(0, 1))
    occurred_at = draw(_when)
    facts = MessageFacts(
        message_id=f"message-{number}",
        direction="inbound" if event_type == "message.received" else "outbound",
        from_number="+12025550100",
        to_number="+12025550131",
        total=draw(st.none() | _money),
    )
    return WebhookEvent(
        event_id=f"event-{event_type}-{draw(st.integers(0, 1))}",
        event_type=event_type,
        occurred_at=occurred_at,
        received_at=occurred_at + timedelta(seconds=1),
        quarantined=draw(st.sampled_from((False, False, True))),
        message=facts,
    )


@st.composite
def records(draw: st.DrawFn) -> DetailRecord:
    record_type = draw(st.sampled_from((*_TYPES[:2], *_TYPES[:2], *_TYPES)))
    leg = draw(_legs)
    known = _CARRIED.get(record_type)
    carries_sip = record_type == "sip-trunking"
    names_control = (
        known is not None and bool(known.call_control_field) and draw(st.booleans() | st.just(True))
    )
    number = draw(st.integers(0, 2))
    return DetailRecord(
        record_type=record_type,
        record_id=f"record-{number}",
        observed_at=draw(_seen_at),
        record_time=draw(st.one_of(_when, _when, _when, st.none())),
        finished_at=draw(st.none() | _when),
        session_id=leg.session_id if known and known.session_field else "",
        call_control_id=leg.call_control_id if names_control else "",
        leg_id=leg.leg_id if known and known.leg_field else "",
        sip_call_id=draw(st.sampled_from(("", "sip-1", "sip-2"))) if carries_sip else "",
        recording_id=draw(st.sampled_from(("", f"recording-{number}"))) if record_type == "recording" else "",
        direction="outbound",
        from_number="+12025550100",
        to_number="+12025550131",
        cost=draw(st.one_of(_money, _money, _money, st.none())),
        billed_seconds=draw(_seconds),
        call_seconds=draw(_seconds),
        is_billable=draw(st.sampled_from((True, True, True, False))),
    )


@st.composite
def message_records(draw: st.DrawFn) -> DetailRecord:
    return DetailRecord(
        record_type="messaging",
        record_id=f"message-{draw(st.integers(0, 2))}",
        observed_at=draw(_seen_at),
        record_time=draw(_when),
        direction="outbound",
        from_number="+12025550100",
        to_number="+12025550131",
        cost=draw(st.none() | _money),
        carrier_fee=draw(st.none() | _money),
    )


@st.composite
def sweeps(draw: st.DrawFn) -> CountedSweep:
    record_type = draw(st.sampled_from(_SWEPT))
    account_key = draw(st.sampled_from((*ACCOUNTS[:1], *ACCOUNTS)))
    from_at, to_at = draw(_windows)
    sweep = Sweep(
        record_type=record_type,
        query_form=f"{record_type}?{draw(st.sampled_from('ab'))}@{account_key}",
        account_key=account_key,
        from_at=from_at,
        to_at=to_at,
        read_at=draw(_read_at),
        total_results=0,
    )
    return CountedSweep(sweep, draw(st.sampled_from((0, 0, 0, 0, 1, -1))))


@st.composite
def usage(draw: st.DrawFn) -> Usage:
    days = draw(st.lists(st.sampled_from((-2, -1, 0, 1)), min_size=1, max_size=4))
    return Usage(
        record_type=draw(st.sampled_from(_SWEPT)),
        days=tuple(
            UsageDay(
                day=utc_day(MIDNIGHT + timedelta(days=day)),
                cost=Money(draw(st.sampled_from(("USD", "USD", "EUR"))), draw(st.sampled_from((0, 0, 7)))),
            )
            for day in days
        ),
        read_at=draw(_read_at),
        account_key=draw(st.sampled_from(ACCOUNTS)),
    )
