"""Arbitrary facts, drawn from few ids, few times and few amounts, so that they collide in every way there is."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from services.common.money import Money
from services.ledger.facts import EstimateRate, Facts, ProvenWindow, UsageReading
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart, MessageFacts, WebhookEvent
from tests.unit.ledger.builders import DAY, HOUR, START, at, control_id, uid

ANY_ID = uid("an id that occurs in every system")
CONTROL_IDS = ("", control_id("one"), control_id("two"), ANY_ID)
LEG_IDS = ("", uid("leg one"), uid("leg two"), ANY_ID)
SESSION_IDS = ("", uid("session one"), uid("session two"))
SIP_CALL_IDS = ("", "one@sip.example.test", ANY_ID)
RECORD_IDS = (*(uid(f"record {number}") for number in range(6)), ANY_ID)
RECORDING_IDS = ("", uid("recording"), RECORD_IDS[0])
CALL_TYPES = ("sip-trunking", "call-control", "recording", "amd", "tts", "webrtc", "media-streaming")
RECORD_TYPES = (*CALL_TYPES, "inference", "messaging", "conference", "a-new-type")
EVENT_TYPES = (
    "call.initiated",
    "call.answered",
    "call.hangup",
    "call.cost",
    "call.recording.saved",
    "call.machine.detection.ended",
    "streaming.started",
    "a.new.event",
)
CAUSES = ("normal_clearing", "user_busy", "timeout", "")

moments: st.SearchStrategy[datetime] = st.sampled_from([0, 1, 5, 60, 168, 5 * HOUR, DAY - 1]).map(at)
read_moments: st.SearchStrategy[datetime] = st.sampled_from([200, 300, 2 * DAY]).map(at)
currencies = st.sampled_from(["USD", "USD", "EUR"])
amounts = st.builds(Money, currencies, st.sampled_from([0, 1, 6_000_000, 15_000_000, 500_000_000]))
seconds = st.sampled_from([None, 0, 60, 180])

cost_parts = st.builds(
    CostPart,
    record_type=st.sampled_from(["sip-trunking", "call-control", "recording", "a-new-part"]),
    cost=st.none() | amounts,
    billed_seconds=seconds,
)
call_costs = st.builds(
    CallCost,
    status=st.sampled_from(["success", "valid", "error"]),
    total=st.none() | amounts,
    parts=st.lists(cost_parts, max_size=3).map(tuple),
)


@st.composite
def call_events(draw: st.DrawFn) -> WebhookEvent:
    """A call's webhook; few event ids, so that one id may come with several contents."""
    event_type = draw(st.sampled_from(EVENT_TYPES))
    return WebhookEvent(
        event_id=f"event {draw(st.integers(0, 12))}",
        event_type=event_type,
        occurred_at=draw(moments),
        received_at=draw(read_moments),
        quarantined=draw(st.sampled_from([False, False, True])),
        session_id=draw(st.sampled_from(SESSION_IDS)),
        call_control_id=draw(st.sampled_from(CONTROL_IDS)),
        leg_id=draw(st.sampled_from(LEG_IDS)),
        started_at=draw(st.none() | moments),
        ended_at=draw(st.none() | moments),
        hangup_cause=draw(st.sampled_from(CAUSES)),
        recording_id=draw(st.sampled_from(RECORDING_IDS)),
        call_cost=draw(call_costs) if event_type == "call.cost" else None,
        unreadable=draw(st.sampled_from([(), (), ("total_cost: not a decimal number",)])),
    )


@st.composite
def message_events(draw: st.DrawFn) -> WebhookEvent:
    message = MessageFacts(
        message_id=draw(st.sampled_from(RECORD_IDS)), direction="outbound", total=draw(st.none() | amounts)
    )
    return WebhookEvent(
        event_id=f"message event {draw(st.integers(0, 5))}",
        event_type="message.finalized",
        occurred_at=draw(moments),
        received_at=draw(read_moments),
        quarantined=draw(st.booleans()),
        message=message,
    )


@st.composite
def records(draw: st.DrawFn, record_types: tuple[str, ...] = RECORD_TYPES) -> DetailRecord:
    """An observation of a record; the ids that its type carries, or not even those."""
    record_type = draw(st.sampled_from(record_types))
    names_leg = record_type not in {"recording", "inference", "messaging", "conference"}
    names_session = names_leg or record_type == "recording"
    cost = draw(st.none() | amounts)
    return DetailRecord(
        record_type=record_type,
        record_id=draw(st.sampled_from(RECORD_IDS)),
        observed_at=draw(read_moments),
        record_time=draw(st.none() | moments),
        finished_at=draw(st.none() | moments),
        session_id=draw(st.sampled_from(SESSION_IDS)) if names_session else "",
        call_control_id=draw(st.sampled_from(CONTROL_IDS)) if names_leg else "",
        leg_id=draw(st.sampled_from(LEG_IDS)) if names_leg else "",
        sip_call_id=draw(st.sampled_from(SIP_CALL_IDS)) if record_type == "sip-trunking" else "",
        recording_id=draw(st.sampled_from(RECORDING_IDS)),
        cost=cost,
        carrier_fee=draw(st.none() | amounts),
        billed_seconds=draw(seconds),
        is_billable=draw(st.sampled_from([True, True, False])),
        unreadable=() if cost else ("cost: not a decimal number",),
    )


windows = st.builds(
    ProvenWindow,
    record_type=st.sampled_from(RECORD_TYPES),
    from_at=st.sampled_from([-DAY, -HOUR, 0]).map(at),
    to_at=st.sampled_from([HOUR, 168 + HOUR, 2 * DAY]).map(at),
    read_at=st.sampled_from([DAY, DAY + 168, 4 * DAY]).map(at),
    row_count=st.integers(0, 1),
    is_proven=st.booleans(),
)
usage_readings = st.builds(
    UsageReading,
    record_type=st.sampled_from(RECORD_TYPES),
    day=st.sampled_from([START.date(), START.date() + timedelta(days=1)]),
    account_key=st.sampled_from(["account", "account", "other"]),
    read_at=st.sampled_from([4 * DAY, 4 * DAY, 5 * DAY]).map(at),
    is_zero=st.sampled_from([True, True, False]),
    has_spoken=st.sampled_from([True, True, False]),
)
rates = st.builds(
    EstimateRate,
    call_id=st.sampled_from([*CONTROL_IDS[1:], *LEG_IDS[1:]]),
    nanos_per_minute=st.sampled_from([10_000_000, 20_000_000]),
    source=st.just("fallback"),
    booked_at=read_moments,
)

all_facts = st.builds(
    Facts,
    events=st.lists(call_events() | message_events(), max_size=9).map(tuple),
    records=st.lists(records(), max_size=9).map(tuple),
    rates=st.lists(rates, max_size=2).map(tuple),
    windows=st.lists(windows, max_size=3).map(tuple),
    usage=st.lists(usage_readings, max_size=3).map(tuple),
)
"""Anything at all."""

call_facts = st.builds(
    Facts,
    events=st.lists(call_events(), max_size=8).map(tuple),
    records=st.lists(records(CALL_TYPES), max_size=8).map(tuple),
)
"""Calls only, and no sweep."""


def received_again(event: WebhookEvent, seconds_later: int) -> WebhookEvent:
    """The same webhook, delivered once more: another attempt, another receipt, the same content."""
    again = event.raw + b' {"meta": {"attempt": 2}}'
    return replace(event, received_at=event.received_at + timedelta(seconds=seconds_later), raw=again)
