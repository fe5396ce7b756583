"""What the parts answer, decoded."""

from services.common.freshness.observed import (
    BookFreshness,
    Progress,
    ReconcilerProgress,
    ToldAlarm,
    WorkProgress,
)
from services.common.wire import optional_length, optional_time
from tollbook.ledger.v1.freshness_pb2 import GetFreshnessResponse
from tollbook.process.v1.alarms_pb2 import ListAlarmsResponse
from tollbook.reconciler.v1 import progress_pb2


def decode_alarms(answer: ListAlarmsResponse) -> tuple[ToldAlarm, ...]:
    """The alarms of one process."""
    return tuple(
        ToldAlarm(alarm.name, alarm.age.ToTimedelta(), alarm.finding, alarm.advice) for alarm in answer.alarms
    )


def decode_freshness(answer: GetFreshnessResponse) -> BookFreshness:
    """How fresh the book is."""
    return BookFreshness(
        last_webhook_at=optional_time(answer, "last_webhook_time"),
        silent_since=optional_time(answer, "silent_since"),
        unannounced_count=answer.unannounced_count,
        last_sweep_at=optional_time(answer, "last_sweep_time"),
        last_balance_at=optional_time(answer, "last_balance_time"),
        unsealed_since=optional_time(answer, "unsealed_since"),
        unbooked_age=optional_length(answer, "unbooked_age"),
    )


def decode_progress(answer: progress_pb2.GetProgressResponse) -> Progress:
    """What the reconcilers are doing."""
    return Progress(
        reconcilers=tuple(map(decode_reconciler, answer.reconcilers)),
        overdue_age=optional_length(answer, "overdue_age"),
        due_count=answer.due_count,
    )


def decode_reconciler(message: progress_pb2.ReconcilerProgress) -> ReconcilerProgress:
    """What one reconciler is doing."""
    return ReconcilerProgress(
        name=message.name,
        works=tuple(
            WorkProgress(
                name=work.name,
                standstill_age=optional_length(work, "standstill_age"),
                failing_age=optional_length(work, "failing_age"),
                reason=work.reason,
            )
            for work in message.works
        ),
        unread_age=optional_length(message, "unread_age"),
        unread_reason=message.unread_reason,
        refused_record_types=tuple(message.refused_record_types),
    )
