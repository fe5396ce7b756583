"""A job: the attempts to find out what one call leg or message cost. Pure transitions, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from services.common.errors import TollbookError
from services.common.phone_masks import mask_numbers
from services.reconciler.attempt import Attempt
from services.reconciler.items import ItemKind, OpenItem
from services.reconciler.schedule import Schedule
from services.reconciler.unasked import LEAST_WAIT_S, kept_from_asking, look_again_at

JobStatus = Literal["pending", "running", "completed", "failed"]

SETTLED_BY_OTHERS = "it settled without an attempt: by a sweep, a webhook, or records read for another call"

_NOT_COUNTED = "no attempt could be made: "
_MAX_REASON_LENGTH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of `telnyx_cdr_reconcile_jobs`.

    `call_id` is the telnyx_call_id or the message's id. `opened_at`: from when attempts count. `known_at`: the
    ledger's clock when it last told us what the job rests on; what it said earlier changes nothing any more.
    `missing`: what was missing when the job was last judged. `fence` grows with every claim: who holds an older one
    cannot write. `outcome`: what the transition that made this value adds to the history, written with it; None for
    a job as it lies in the store.
    """

    call_id: str
    session_id: str
    kind: ItemKind
    status: JobStatus
    attempts: int = 0
    opened_at: datetime
    next_run_at: datetime | None
    last_error: str = ""
    missing: tuple[str, ...] = ()
    known_at: datetime
    completed_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    fence: int = 0
    outcome: Attempt | None = None


def new_job(item: OpenItem, schedule: Schedule, known_at: datetime, now: datetime) -> Job:
    """The job of an item that was not known before; nothing is left to do if it is already settled.

    It was opened by another's clock, and cannot have been later than now.
    """
    opened_at = min(item.opened_at, now)
    job = Job(
        call_id=item.record_id,
        session_id=item.session_id,
        kind=item.kind,
        status="pending",
        opened_at=opened_at,
        next_run_at=schedule.first_run_at(opened_at),
        missing=item.missing,
        known_at=known_at,
        created_at=now,
        updated_at=now,
    )
    # It never waited, so there is nothing to tell of how it settled.
    return replace(completed(job, known_at, now), outcome=None) if item.is_done else job


def seen_again(job: Job, item: OpenItem, schedule: Schedule, known_at: datetime, now: datetime) -> Job:
    """The job after the ledger listed its item at `known_at`; the same job where that changes nothing.

    A finished job opens again when something is missing that was not missing when it was judged: it then starts
    anew, counting from the change.
    """
    if job.status == "running" or known_at <= job.known_at:
        return job
    if item.is_done:
        return job if job.status == "completed" else completed(job, known_at, now)
    is_news = job.status == "completed" or not set(item.missing) <= set(job.missing)
    if job.status == "pending" or not is_news:
        return job
    opened_at = min(item.changed_at, now)
    return replace(
        job,
        status="pending",
        session_id=item.session_id,
        attempts=0,
        opened_at=opened_at,
        next_run_at=schedule.first_run_at(opened_at),
        last_error="",
        missing=item.missing,
        known_at=known_at,
        completed_at=None,
        updated_at=now,
    )


def completed(job: Job, known_at: datetime, now: datetime, *, by_attempt: bool = False) -> Job:
    """The job once the ledger counts its item as settled, with nothing missing.

    `by_attempt`: by an attempt that was due. What settled otherwise has a line in the history too: without it the
    reader of an attempt in vain would look for the one that was not.
    """
    return replace(
        job,
        status="completed",
        attempts=job.attempts + by_attempt,
        next_run_at=None,
        last_error="",
        missing=(),
        known_at=known_at,
        completed_at=now,
        updated_at=now,
        outcome=Attempt(finished_at=now, is_settled=True, reason="" if by_attempt else SETTLED_BY_OTHERS),
    )


def tried(
    job: Job,
    item: OpenItem,
    faults: Mapping[str, TollbookError],
    schedule: Schedule,
    known_at: datetime,
    now: datetime,
) -> Job:
    """The job after an attempt that did not settle its item; `faults` by record type.

    Where Telnyx could not be asked at all, that was no attempt: it is made up for once the quota renews, or Telnyx is
    back; then the history tells of it only once. After the last attempt the job has failed; sweeps go on looking.
    """
    why = unsettled_reason(item, faults)
    kept = replace(
        job,
        status="pending",
        last_error=why,
        missing=item.missing,
        known_at=known_at,
        updated_at=now,
        outcome=Attempt(finished_at=now, is_settled=False, reason=why),
    )
    in_the_way = [fault for name in item.missing if (fault := faults.get(name)) and kept_from_asking(fault)]
    if in_the_way and len(in_the_way) == len(item.missing):
        return replace(
            kept,
            next_run_at=look_again_at(in_the_way, job.opened_at, now),
            last_error=presentable(_NOT_COUNTED + why),
            outcome=None if job.last_error.startswith(_NOT_COUNTED) else kept.outcome,
        )
    following = schedule.after_attempt(job.opened_at, job.attempts, job.next_run_at or now, now)
    kept = replace(kept, attempts=following.attempts, next_run_at=following.run_at)
    return kept if following.run_at else replace(kept, status="failed")


def postponed(job: Job, reason: str, now: datetime) -> Job:
    """The job when an attempt could not even begin, of which the history does not tell: it would fill with these."""
    return replace(
        job,
        status="pending",
        next_run_at=now + timedelta(seconds=LEAST_WAIT_S),
        last_error=presentable(reason),
        updated_at=now,
    )


def broken_off(job: Job, reason: str, schedule: Schedule, now: datetime) -> Job:
    """The job when its attempt failed in a way that nobody foresaw. It counts, so that such a job fails at last."""
    following = schedule.after_attempt(job.opened_at, job.attempts, job.next_run_at or now, now)
    why = presentable(reason)
    return replace(
        job,
        status="pending" if following.run_at else "failed",
        attempts=following.attempts,
        next_run_at=following.run_at,
        last_error=why,
        updated_at=now,
        outcome=Attempt(finished_at=now, is_settled=False, reason=why),
    )


def unsettled_reason(item: OpenItem, faults: Mapping[str, TollbookError]) -> str:
    """Why an item is not settled: a sentence for people."""
    unread = [f"{name} could not be read: {faults[name]}" for name in item.missing if name in faults]
    unpublished = [name for name in item.missing if name not in faults]
    sentences = list(unread)
    if unpublished:
        sentences.append(f"Telnyx has not published yet: {', '.join(unpublished)}")
    sentences.extend(item.unreadable)
    return presentable("; ".join(sentences) or "the ledger has not settled it yet")


def presentable(reason: str) -> str:
    """A reason as it is kept: of bounded length, and without the phone numbers that a quoted value may hold."""
    return mask_numbers(reason)[:_MAX_REASON_LENGTH]
