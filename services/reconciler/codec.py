"""The reconciler's values to and from protobuf messages."""

from collections.abc import Sequence
from datetime import date

from google.type import date_pb2

from services.common.errors import TollbookError
from services.common.wire import from_money, from_timestamp, optional_time, to_timestamp
from services.reconciler.attempt import Attempt
from services.reconciler.backfill.days import DaySource
from services.reconciler.items import ItemKind, OpenItem
from services.reconciler.job import Job, JobStatus
from services.reconciler.ports import CallState
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.sweep import Sweep, Verdict
from services.reconciler.usage import Usage, UsageDay
from services.reconciler.windows import Window
from services.telnyx_vocabulary.wire import decode_record
from tollbook.ledger.v1 import book_pb2, ledger_pb2, proof_pb2
from tollbook.reconciler.v1 import reconciler_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2

PRIORITIES: "dict[Priority, telnyx_gateway_pb2.Priority.ValueType]" = {
    "person": telnyx_gateway_pb2.PRIORITY_PERSON,
    "job": telnyx_gateway_pb2.PRIORITY_JOB,
    "background": telnyx_gateway_pb2.PRIORITY_BACKGROUND,
}

DAY_SOURCES: "dict[DaySource, proof_pb2.DaySource.ValueType]" = {
    "detail_records": proof_pb2.DAY_SOURCE_DETAIL_RECORDS,
    "report": proof_pb2.DAY_SOURCE_REPORT,
    "report_without_ids": proof_pb2.DAY_SOURCE_REPORT_WITHOUT_IDS,
}
_DAY_SOURCE_NAMES = {value: name for name, value in DAY_SOURCES.items()}

_KINDS: "dict[book_pb2.RecordKind.ValueType, ItemKind]" = {
    book_pb2.RECORD_KIND_CALL: "call",
    book_pb2.RECORD_KIND_SMS: "sms",
}

_VERDICTS: "dict[book_pb2.SweepVerdict.ValueType, Verdict]" = {
    book_pb2.SWEEP_VERDICT_COMPLETE: "complete",
    book_pb2.SWEEP_VERDICT_DIFFERENT: "different",
    book_pb2.SWEEP_VERDICT_UNPROVEN: "unproven",
}

_STATUSES: "dict[JobStatus, reconciler_pb2.JobStatus.ValueType]" = {
    "pending": reconciler_pb2.JOB_STATUS_PENDING,
    "running": reconciler_pb2.JOB_STATUS_RUNNING,
    "completed": reconciler_pb2.JOB_STATUS_COMPLETED,
    "failed": reconciler_pb2.JOB_STATUS_FAILED,
}
_STATUS_NAMES = {value: name for name, value in _STATUSES.items()}


def decode_item(message: book_pb2.UnsettledItem) -> OpenItem:
    """An open item; times that the ledger does not know yet are replaced by the nearest it does."""
    changed_at = from_timestamp(message.change_time)
    opened_at = optional_time(message, "open_time") or changed_at
    start_at = optional_time(message, "start_time") or optional_time(message, "end_time") or opened_at
    end_at = optional_time(message, "end_time") or opened_at
    return OpenItem(
        kind=_KINDS.get(message.kind, "other"),
        record_id=message.record_id,
        session_id=message.session_id,
        start_at=min(start_at, end_at),
        end_at=max(start_at, end_at),
        opened_at=opened_at,
        changed_at=changed_at,
        missing=tuple(message.missing),
        settled=message.settled,
        unreadable=tuple(message.unreadable),
        unclosed=tuple(message.unclosed),
    )


def encode_read(read: Read) -> telnyx_gateway_pb2.ListDetailRecordsRequest:
    """A reading as telnyx-gateway's request."""
    window = read.window
    request = telnyx_gateway_pb2.ListDetailRecordsRequest(
        record_type=read.record_type,
        from_time=to_timestamp(window.start_at) if window else None,
        to_time=to_timestamp(window.end_at) if window else None,
        priority=PRIORITIES[read.priority],
    )
    if read.id_filter is not None:
        setattr(request, f"{read.id_filter.kind}_id", read.id_filter.value)
    return request


def decode_answer(message: telnyx_gateway_pb2.ListDetailRecordsResponse) -> RecordPage | ReadEnd:
    """One message of a reading's answer."""
    if message.HasField("page"):
        return RecordPage(tuple(map(decode_record, message.page.records)))
    if not message.HasField("complete"):
        raise TollbookError("telnyx-gateway answered with neither a page nor an end")
    return decode_end(message.complete)


def decode_end(
    end: telnyx_gateway_pb2.DetailRecordsComplete | telnyx_gateway_pb2.CountDetailRecordsResponse,
) -> ReadEnd:
    """How much there was, and when it was seen."""
    return ReadEnd(
        total_results=end.total_results,
        read_at=from_timestamp(end.read_time),
        query_form=end.query_form,
        account_key=end.account_key,
        request_count=end.request_count,
    )


def encode_sweep(sweep: Sweep) -> book_pb2.Sweep:
    """A sweep to be recorded."""
    return book_pb2.Sweep(
        record_type=sweep.record_type,
        from_time=to_timestamp(sweep.window.start_at),
        to_time=to_timestamp(sweep.window.end_at),
        read_time=to_timestamp(sweep.read_at),
        total_results=sweep.total_results,
        query_form=sweep.query_form,
        account_key=sweep.account_key,
        counted=sweep.is_counted,
    )


def decode_sweep(message: book_pb2.Sweep) -> Sweep:
    """A sweep that the ledger has recorded."""
    return Sweep(
        record_type=message.record_type,
        window=Window(from_timestamp(message.from_time), from_timestamp(message.to_time)),
        read_at=from_timestamp(message.read_time),
        total_results=message.total_results,
        query_form=message.query_form,
        account_key=message.account_key,
        held_count=message.held_count,
        verdict=_VERDICTS.get(message.verdict, ""),
        is_counted=message.counted,
    )


def decode_usage(record_type: str, message: telnyx_gateway_pb2.ListUsageResponse) -> Usage:
    """What usage_reports said."""
    days = tuple(
        UsageDay(decode_day(row.day), from_money(row.cost), row.decimals)
        for row in message.days
        if row.HasField("cost")
    )
    return Usage(record_type, days, from_timestamp(message.read_time), message.account_key)


def decode_day_source(source: "proof_pb2.DaySource.ValueType") -> DaySource | None:
    """From where a day is booked; None where nothing has claimed it."""
    return _DAY_SOURCE_NAMES.get(source)


def encode_day(day: date) -> date_pb2.Date:
    """A UTC day."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def decode_day(message: date_pb2.Date) -> date:
    """The inverse of encode_day."""
    return date(message.year, message.month, message.day)


def decode_call(message: ledger_pb2.GetCallResponse) -> CallState:
    """A call leg as the ledger has it."""
    call = message.call
    return CallState(
        call_id=call.telnyx_call_id,
        session_id=call.session_id,
        start_at=optional_time(call, "start_time"),
        end_at=optional_time(call, "end_time"),
        cost=from_money(call.costs[0]) if call.costs else None,
        is_exact=call.status == book_pb2.CHARGE_STATUS_EXACT,
        missing=tuple(call.missing),
    )


def encode_job(job: Job, history: Sequence[Attempt] = ()) -> reconciler_pb2.Job:
    """A job for people, with its attempts, oldest first."""
    return reconciler_pb2.Job(
        call_id=job.call_id,
        session_id=job.session_id,
        status=_STATUSES[job.status],
        attempts=job.attempts,
        next_run_time=to_timestamp(job.next_run_at),
        last_error=job.last_error,
        completed_time=to_timestamp(job.completed_at),
        create_time=to_timestamp(job.created_at),
        history=map(_encode_attempt, history),
    )


def _encode_attempt(attempt: Attempt) -> reconciler_pb2.JobAttempt:
    return reconciler_pb2.JobAttempt(
        finish_time=to_timestamp(attempt.finished_at),
        settled=attempt.is_settled,
        manual=attempt.is_manual,
        reason=attempt.reason,
    )


def decode_status(status: "reconciler_pb2.JobStatus.ValueType") -> JobStatus | None:
    """A status to filter by; None does not restrict."""
    return _STATUS_NAMES.get(status)
