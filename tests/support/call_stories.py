"""Calls as the services tell of them, for the tests of their pages: the session of Telnyx facts, section 4."""

from datetime import datetime, timedelta

from services.common.wire import to_timestamp
from tests.support.book_messages import NOON, usd
from tests.support.fake_services import Fakes
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.reconciler.v1 import reconciler_pb2

CALL_ID = "v3:customer-leg"
SILENT_ID = "v3:credential-twin"
AGENT_ID = "v3:agent-leg"
SESSION_ID = "3d1cd3d2-a5ca-11f0-9d4b-02420aef97a1"
CUSTOMER, OURS, AGENT = "+12025550131", "+12025550100", "sip:agent7@sip.telnyx.example"


def at(seconds: float) -> datetime:
    """A moment, counted from when the call began."""
    return NOON + timedelta(seconds=seconds)


def part(
    record_type: str,
    nanos: int,
    billed_s: int | None = None,
    used_s: int | None = None,
    rate: str = "",
    record_id: str = "",
) -> book_pb2.Part:
    """A part from a detail record, or without `record_id` one that a `call.cost` webhook told."""
    return book_pb2.Part(
        record_type=record_type,
        record_id=record_id,
        cost=usd(nanos),
        rate=rate,
        billed_seconds=billed_s,
        call_seconds=used_s,
        source="detail_records_api" if record_id else "call_cost_webhook",
    )


def entry(
    after_s: float, kind: book_pb2.EntryKind.ValueType, nanos: int, cost_after: int, source: str
) -> book_pb2.Entry:
    """A line of the journal."""
    return book_pb2.Entry(
        posted_time=to_timestamp(at(after_s)),
        kind=kind,
        amount=usd(nanos),
        cost_after=usd(cost_after),
        source=source,
    )


def settled_leg() -> book_pb2.CallLeg:
    """The customer's leg once all its records are there: 2.38 cents."""
    return book_pb2.CallLeg(
        telnyx_call_id=CALL_ID,
        call_control_id=CALL_ID,
        leg_id="428c31b6-7af4-4bcb-b7f5-5013ef9657c1",
        session_id=SESSION_ID,
        from_number=CUSTOMER,
        to_number=OURS,
        direction="inbound",
        start_time=to_timestamp(at(0)),
        answer_time=to_timestamp(at(7)),
        end_time=to_timestamp(at(170)),
        hangup_cause="normal_clearing",
        call_status="completed",
        costs=[usd(23_800_000)],
        status=book_pb2.CHARGE_STATUS_EXACT,
        estimate=usd(45_000_000),
        estimate_rate=usd(15_000_000),
        estimate_source="fallback",
        announced=True,
        source="detail_records_api",
        parts=[
            part("amd", 2_000_000, rate="0.002", record_id="amd-1"),
            part("call-control", 6_000_000, 180, 163, "0.002", "control-1"),
            part("call-control", 0, 0, 0, "0.002", "control-2"),
            part("sip-trunking", 15_000_000, 180, 163, "0.005", "trunk-1"),
            part("sip-trunking", 0, 0, 0, "0.005", "trunk-2"),
            part("tts", 800_000, rate="7.0E-7", record_id="tts-1"),
        ],
        history=[
            entry(170.4, book_pb2.ENTRY_KIND_ESTIMATE, 45_000_000, 45_000_000, "fallback"),
            entry(204, book_pb2.ENTRY_KIND_REVERSAL, -45_000_000, 0, "detail_records_api"),
            entry(204, book_pb2.ENTRY_KIND_EXACT, 23_000_000, 23_000_000, "detail_records_api"),
            entry(4_000, book_pb2.ENTRY_KIND_ADJUSTMENT, 800_000, 23_800_000, "detail_records_api"),
        ],
    )


def waiting_leg() -> book_pb2.CallLeg:
    """The same leg shortly after the hang-up: only a `call.cost` webhook has told a part."""
    leg = settled_leg()
    leg.status = book_pb2.CHARGE_STATUS_ESTIMATED
    leg.source = "fallback"
    del leg.costs[:], leg.parts[:], leg.history[1:]
    leg.costs.append(usd(45_000_000))
    leg.parts.append(part("call-control", 6_000_000, 180, rate="0.002"))
    leg.missing.extend(["recording", "sip-trunking"])
    sweep = book_pb2.Sweep(
        record_type="sip-trunking",
        from_time=to_timestamp(at(-3600)),
        to_time=to_timestamp(at(3600)),
        read_time=to_timestamp(at(200)),
        total_results=3,
        held_count=3,
        verdict=book_pb2.SWEEP_VERDICT_COMPLETE,
    )
    leg.missing_parts.extend(
        [
            book_pb2.MissingPart(
                record_type="recording", reason="A call.recording.saved webhook announced a recording."
            ),
            book_pb2.MissingPart(
                record_type="sip-trunking",
                reason="Every answered leg is expected to have one.",
                last_sweep=sweep,
            ),
        ]
    )
    return leg


def other_legs() -> list[book_pb2.CallLeg]:
    """The agent's leg, and the twin that no webhook ever shows."""
    agent = book_pb2.CallLeg(
        telnyx_call_id=AGENT_ID,
        session_id=SESSION_ID,
        from_number=OURS,
        to_number=AGENT,
        direction="outbound",
        start_time=to_timestamp(at(3)),
        answer_time=to_timestamp(at(9)),
        end_time=to_timestamp(at(191)),
        call_status="completed",
        costs=[usd(6_200_000)],
        status=book_pb2.CHARGE_STATUS_EXACT,
        announced=True,
    )
    silent = book_pb2.CallLeg(
        telnyx_call_id=SILENT_ID,
        session_id=SESSION_ID,
        to_number=AGENT,
        direction="outbound",
        start_time=to_timestamp(at(4)),
        call_status="completed",
        costs=[usd(6_200_000)],
        status=book_pb2.CHARGE_STATUS_EXACT,
        parts=[part("sip-trunking", 6_200_000, 186, 182, "0.002", "trunk-9")],
    )
    return [agent, silent]


def session_of(leg: book_pb2.CallLeg) -> book_pb2.Session:
    """The conversation around the customer's leg."""
    legs = [*other_legs(), leg]
    total = sum(cost.nanos for each in legs for cost in each.costs) + 1_000_000
    return book_pb2.Session(
        session_id=SESSION_ID,
        costs=[usd(total)],
        status=leg.status,
        calls=legs,
        other_parts=[part("media-streaming", 1_000_000, 60, 51, "0.001", "stream-1")],
    )


def event(
    number: int,
    event_type: str,
    after_s: float,
    call_id: str = CALL_ID,
    *,
    delay_s: float = 0.3,
    quarantined: bool = False,
) -> book_pb2.EventFact:
    """A webhook."""
    raw = (
        f'{{"data":{{"record_type":"event","event_type":"{event_type}","id":"event-{number}",'
        f'"payload":{{"call_control_id":"{call_id}","from":"{CUSTOMER}","to":"{OURS}","cost":1.50E-2}}}}}}'
    )
    return book_pb2.EventFact(
        event_id=f"event-{number}",
        event_type=event_type,
        occurred_time=to_timestamp(at(after_s)),
        received_time=to_timestamp(at(after_s + delay_s)),
        quarantined=quarantined,
        telnyx_call_id=call_id,
        raw_json=raw,
    )


def record(
    record_type: str,
    record_id: str,
    nanos: int | None,
    seen_s: float,
    *,
    last_s: float = 0,
    counts: bool = True,
    call_id: str = CALL_ID,
) -> book_pb2.RecordFact:
    """One reading of a detail record."""
    return book_pb2.RecordFact(
        record_type=record_type,
        record_id=record_id,
        first_observed_time=to_timestamp(at(seen_s)),
        last_observed_time=to_timestamp(at(max(seen_s, last_s))),
        counts=counts,
        telnyx_call_id=call_id,
        cost=None if nanos is None else usd(nanos),
        raw_json=f'{{"id":"{record_id}","record_type":"{record_type}","cost":"1.50E-2","billed_sec":180}}',
    )


def facts_of_call() -> ledger_pb2.ListCallFactsResponse:
    """The facts of the settled leg and of its session."""
    return ledger_pb2.ListCallFactsResponse(
        events=[
            event(1, "call.initiated", 0),
            event(2, "call.initiated", 3, AGENT_ID),
            event(3, "call.answered", 7),
            event(4, "call.bridged", 9.5),
            event(5, "call.machine.detection.ended", 12, delay_s=400, quarantined=True),
            event(6, "call.recording.saved", 169, call_id=""),
            event(7, "call.hangup", 170),
            event(8, "call.cost", 172),
        ],
        records=[
            record("sip-trunking", "trunk-1", 14_000_000, 203, counts=False),
            record("sip-trunking", "trunk-1", 15_000_000, 260, last_s=90_000),
            record("sip-trunking", "trunk-2", 0, 203, last_s=90_000),
            record("call-control", "control-1", 6_000_000, 203, last_s=90_000),
            record("call-control", "control-2", 0, 203, last_s=90_000),
            record("amd", "amd-1", 2_000_000, 203, last_s=90_000),
            record("sip-trunking", "trunk-9", 6_200_000, 203, call_id=SILENT_ID),
            record("tts", "tts-1", 800_000, 3_999),
        ],
    )


def job_of_call(
    status: reconciler_pb2.JobStatus.ValueType = reconciler_pb2.JOB_STATUS_COMPLETED,
) -> reconciler_pb2.Job:
    """Its job: two attempts in vain, one by hand, one that settled it."""
    is_open = status == reconciler_pb2.JOB_STATUS_PENDING
    history = [
        reconciler_pb2.JobAttempt(
            finish_time=to_timestamp(at(175.5)),
            reason="Telnyx has not published yet: recording, sip-trunking",
        ),
        reconciler_pb2.JobAttempt(
            finish_time=to_timestamp(at(188)),
            manual=True,
            reason="Telnyx has not published yet: recording, sip-trunking",
        ),
        reconciler_pb2.JobAttempt(finish_time=to_timestamp(at(204)), settled=True),
    ]
    return reconciler_pb2.Job(
        call_id=CALL_ID,
        session_id=SESSION_ID,
        status=status,
        attempts=2,
        next_run_time=to_timestamp(at(200)) if is_open else None,
        last_error=history[0].reason if is_open else "",
        history=history[:2] if is_open else history,
    )


def tell_of_settled_call(fakes: Fakes) -> None:
    """Let the services know the call once it is settled."""
    _tell(fakes, settled_leg(), facts_of_call(), job_of_call())


def tell_of_waiting_call(fakes: Fakes) -> None:
    """Let the services know the call while it waits."""
    facts = facts_of_call()
    del facts.records[:]
    _tell(fakes, waiting_leg(), facts, job_of_call(reconciler_pb2.JOB_STATUS_PENDING))


def _tell(
    fakes: Fakes, leg: book_pb2.CallLeg, facts: ledger_pb2.ListCallFactsResponse, job: reconciler_pb2.Job
) -> None:
    session = session_of(leg)
    for each in session.calls:
        fakes.ledger.calls[each.telnyx_call_id] = each
        fakes.ledger.call_facts[each.telnyx_call_id] = facts
    fakes.ledger.sessions[SESSION_ID] = session
    fakes.reconciler.jobs = [job]


def message_answer() -> ledger_pb2.GetChargeResponse:
    """A message whose detail record leaves the carrier fee out."""
    webhook = (
        '{"data":{"record_type":"event","event_type":"message.finalized","id":"event-1","occurred_at":'
        '"2026-11-22T12:00:02Z","payload":{"id":"message-1","direction":"outbound","from":{"phone_number":"+12025550100"},'
        '"to":[{"phone_number":"+12025550131","status":"delivered"}],"cost":{"amount":"0.0051","currency":"USD"},'
        '"cost_breakdown":{"carrier_fee":{"amount":"0.00305","currency":"USD"},"rate":{"amount":"0.00205","currency":"USD"}}}}}'
    )
    row = (
        '{"uuid":"message-1","created_at":"2026-11-22T12:00:00Z","cost":"0.00205","carrier_fee":"0.00305","currency":"USD",'
        '"is_telnyx_billable":true,"record_type":"message_detail_record","direction":"outbound"}'
    )
    return ledger_pb2.GetChargeResponse(
        charges=[
            book_pb2.Charge(
                id="1",
                kind=book_pb2.RECORD_KIND_SMS,
                record_id="message-1",
                phone_number=OURS,
                contact=CUSTOMER,
                direction="outbound",
                time=to_timestamp(at(0)),
                cost=usd(5_100_000),
                status=book_pb2.CHARGE_STATUS_EXACT,
                source="detail_records_api",
                description=f"SMS to {CUSTOMER}",
            )
        ],
        parts=[part("messaging", 5_100_000, rate="0.00205", record_id="message-1")],
        history=[entry(2.4, book_pb2.ENTRY_KIND_EXACT, 5_100_000, 5_100_000, "webhook")],
        events=[
            book_pb2.EventFact(
                event_id="event-1",
                event_type="message.finalized",
                occurred_time=to_timestamp(at(2)),
                received_time=to_timestamp(at(2.4)),
                raw_json=webhook,
            )
        ],
        records=[
            book_pb2.RecordFact(
                record_type="messaging",
                record_id="message-1",
                first_observed_time=to_timestamp(at(60)),
                last_observed_time=to_timestamp(at(600)),
                counts=True,
                cost=usd(2_050_000),
                raw_json=row,
            )
        ],
    )
