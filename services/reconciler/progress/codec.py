"""Progress to protobuf, as it is answered and as it is kept for the other reconcilers."""

from datetime import timedelta

from services.common.freshness.observed import ReconcilerProgress
from services.common.wire import to_duration
from tollbook.reconciler.v1 import progress_pb2


def encode_progress(progress: ReconcilerProgress) -> progress_pb2.ReconcilerProgress:
    """What one reconciler says of itself."""
    return progress_pb2.ReconcilerProgress(
        name=progress.name,
        works=[
            progress_pb2.WorkProgress(
                name=work.name,
                standstill_age=to_duration(work.standstill_age),
                failing_age=to_duration(work.failing_age),
                reason=work.reason,
            )
            for work in progress.works
        ],
        unread_age=to_duration(progress.unread_age),
        unread_reason=progress.unread_reason,
        refused_record_types=progress.refused_record_types,
    )


def grown_older(message: progress_pb2.ReconcilerProgress, by: timedelta) -> progress_pb2.ReconcilerProgress:
    """The same as it is some time later, if nothing has happened since.

    How long readings have failed stays as it was: that ends with the last of them.
    """
    older = progress_pb2.ReconcilerProgress()
    older.CopyFrom(message)
    for work in older.works:
        for field in ("standstill_age", "failing_age"):
            if work.HasField(field):
                age = getattr(work, field)
                age.FromTimedelta(age.ToTimedelta() + by)
    return older
