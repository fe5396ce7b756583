"""What the ledger and the reconciler say of one call, session or job, as REST answers."""

import msgspec
from google.type.money_pb2 import Money as MoneyMessage

from gateway.answers import Attempt, Call, Entry, Job, Part, Session
from gateway.book_answers import DEFAULT_CURRENCY, main_cost, number_of, status_of
from gateway.exact_response import money_number
from services.common.money import Money, UnreadableAmount, parse_nanos
from services.common.wire import optional_time
from tollbook.ledger.v1 import book_pb2
from tollbook.reconciler.v1 import reconciler_pb2

_ENTRY_KINDS = {
    book_pb2.ENTRY_KIND_ESTIMATE: "estimate",
    book_pb2.ENTRY_KIND_REVERSAL: "reversal",
    book_pb2.ENTRY_KIND_EXACT: "exact",
    book_pb2.ENTRY_KIND_ADJUSTMENT: "adjustment",
}
JOB_STATUSES = {
    "pending": reconciler_pb2.JOB_STATUS_PENDING,
    "running": reconciler_pb2.JOB_STATUS_RUNNING,
    "completed": reconciler_pb2.JOB_STATUS_COMPLETED,
    "failed": reconciler_pb2.JOB_STATUS_FAILED,
}
"""The words for a job's status, as in SQL."""

_JOB_WORDS = {status: word for word, status in JOB_STATUSES.items()}


def call_of(leg: book_pb2.CallLeg) -> Call:
    """One leg, without its job."""
    cost, others = main_cost(leg.costs)
    currency = cost.currency_code or DEFAULT_CURRENCY
    return Call(
        telnyx_call_id=leg.telnyx_call_id,
        call_control_id=leg.call_control_id or None,
        call_leg_id=leg.leg_id or None,
        call_session_id=leg.session_id or None,
        from_number=leg.from_number or None,
        to_number=leg.to_number or None,
        direction=leg.direction or None,
        started_at=optional_time(leg, "start_time"),
        answered_at=optional_time(leg, "answer_time"),
        ended_at=optional_time(leg, "end_time"),
        hangup_cause=leg.hangup_cause or None,
        cost=number_of(cost),
        currency=currency,
        other_currencies=others,
        status=status_of(leg.status),
        estimate=number_of(leg.estimate) if leg.HasField("estimate") else None,
        estimate_rate=number_of(leg.estimate_rate) if leg.HasField("estimate_rate") else None,
        estimate_source=leg.estimate_source or None,
        parts=[part_of(part, currency) for part in leg.parts],
        missing=list(leg.missing),
        unreadable=list(leg.unreadable),
        history=[_entry_of(entry, currency) for entry in leg.history],
    )


def session_of(session: book_pb2.Session) -> Session:
    """A session with all its legs."""
    cost, others = main_cost(session.costs)
    currency = cost.currency_code or DEFAULT_CURRENCY
    parts = [part for leg in session.calls for part in leg.parts]
    return Session(
        session_id=session.session_id,
        cost=number_of(cost),
        currency=currency,
        other_currencies=others,
        status=status_of(session.status),
        calls=[call_of(leg) for leg in session.calls],
        parts=[part_of(part, currency) for part in (*parts, *session.other_parts)],
    )


def part_of(part: book_pb2.Part, currency: str) -> Part:
    """A part of a cost in `currency`."""
    return Part(
        record_type=part.record_type,
        record_id=part.record_id or None,
        cost=number_of(part.cost),
        rate=_rate_number(part.rate),
        billed_seconds=part.billed_seconds if part.HasField("billed_seconds") else None,
        call_seconds=part.call_seconds if part.HasField("call_seconds") else None,
        source=part.source,
        currency=_currency_beside(part.cost, currency),
    )


def job_of(job: reconciler_pb2.Job) -> Job:
    """A job of the reconciler as a list shows it: without its attempts."""
    return Job(
        call_id=job.call_id,
        session_id=job.session_id or None,
        status=_JOB_WORDS.get(job.status, "pending"),
        attempts=job.attempts,
        next_run_at=optional_time(job, "next_run_time"),
        last_error=job.last_error or None,
        completed_at=optional_time(job, "completed_time"),
        created_at=optional_time(job, "create_time"),
    )


def detailed_job_of(job: reconciler_pb2.Job) -> Job:
    """A job with what each of its attempts came to."""
    history = [
        Attempt(
            finished_at=optional_time(attempt, "finish_time"),
            settled=attempt.settled,
            manual=attempt.manual,
            reason=attempt.reason or None,
        )
        for attempt in job.history
    ]
    return msgspec.structs.replace(job_of(job), history=history)


def _entry_of(entry: book_pb2.Entry, currency: str) -> Entry:
    return Entry(
        posted_at=optional_time(entry, "posted_time"),
        kind=_ENTRY_KINDS.get(entry.kind, "adjustment"),
        amount=number_of(entry.amount),
        cost_after=number_of(entry.cost_after),
        source=entry.source,
        currency=_currency_beside(entry.amount, currency),
    )


def _currency_beside(money: MoneyMessage, currency: str) -> str | msgspec.UnsetType:
    """An amount's currency, where it differs from the one that stands above it."""
    code = money.currency_code
    return msgspec.UNSET if code in ("", currency) else code


def _rate_number(text: str) -> msgspec.Raw | None:
    """A rate as a JSON number in plain notation, whatever notation Telnyx used; None where there is none."""
    try:
        return money_number(Money("", parse_nanos(text)))
    except UnreadableAmount:
        return None
