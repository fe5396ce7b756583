"""What a call still waits for: its missing parts, its job with all attempts, and what happens next."""

from dataclasses import dataclass
from datetime import datetime

from gateway.pages.record.next_steps import JobState, JobStatus, LastSweep, Verdict, sweep_words
from gateway.pages.record.part_words import part_name
from services.common.wire import optional_time
from tollbook.ledger.v1 import book_pb2
from tollbook.reconciler.v1 import reconciler_pb2

_VERDICTS: dict[int, Verdict] = {
    book_pb2.SWEEP_VERDICT_COMPLETE: "complete",
    book_pb2.SWEEP_VERDICT_DIFFERENT: "different",
    book_pb2.SWEEP_VERDICT_UNPROVEN: "unproven",
}
_JOB_STATUSES: dict[int, JobStatus] = {
    reconciler_pb2.JOB_STATUS_PENDING: "pending",
    reconciler_pb2.JOB_STATUS_RUNNING: "running",
    reconciler_pb2.JOB_STATUS_COMPLETED: "completed",
    reconciler_pb2.JOB_STATUS_FAILED: "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingView:
    """A record type that is expected. `swept_at` is None while no sweep has read the time of the call."""

    name: str
    term: str
    reason: str
    swept_at: datetime | None
    sweep_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """One attempt to fetch the cost, or what made further attempts needless: then `reason` says what settled it."""

    at: datetime | None
    is_settled: bool
    is_manual: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """The job as it stands. `attempts`: the latest of its history, oldest first."""

    state: JobState
    last_error: str
    attempts: tuple[AttemptView, ...]


def missing_views(leg: book_pb2.CallLeg) -> tuple[MissingView, ...]:
    """What the leg waits for, each with its reason; a type of which the ledger gives none stands by itself."""
    explained = {part.record_type: part for part in leg.missing_parts}
    names = [*explained, *(name for name in leg.missing if name not in explained)]
    return tuple(_missing_view(name, explained.get(name, book_pb2.MissingPart())) for name in names)


def _missing_view(name: str, part: book_pb2.MissingPart) -> MissingView:
    verdict = _VERDICTS.get(part.last_sweep.verdict)
    sweep = part.last_sweep
    return MissingView(
        name=part_name(name),
        term=name,
        reason=part.reason,
        swept_at=optional_time(sweep, "read_time"),
        sweep_words=sweep_words(
            LastSweep(verdict=verdict, total_count=sweep.total_results, held_count=sweep.held_count)
        )
        if verdict
        else "",
    )


def job_view(job: reconciler_pb2.Job) -> JobView:
    """A job with its history."""
    return JobView(
        state=JobState(
            status=_JOB_STATUSES.get(job.status, "pending"),
            attempts=job.attempts,
            next_run_at=optional_time(job, "next_run_time"),
        ),
        last_error=job.last_error,
        attempts=tuple(
            AttemptView(
                at=optional_time(attempt, "finish_time"),
                is_settled=attempt.settled,
                is_manual=attempt.manual,
                reason=attempt.reason,
            )
            for attempt in job.history
        ),
    )
