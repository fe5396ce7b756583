"""What is written to jobs, each inside one transaction; see JobStore."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, select, update

from services.common.database_clock import database_now, has_run_out
from services.common.statements import insert_missing, update_by_id
from services.common.value_lists import is_among
from services.reconciler import failpoints
from services.reconciler.attempt import Attempt
from services.reconciler.attempts import append_attempts, load_attempts
from services.reconciler.job import Job, JobStatus
from services.reconciler.job_rows import changes_of, job_of, values_of
from services.reconciler.tables import jobs

Change = Callable[[Job], Job]


def merge(connection: Connection, fresh: Mapping[str, Job], change: Change) -> None:
    """Add the jobs that are not there, by their call ids, and change the others."""
    known = {job.call_id: job for job in _load(connection, list(fresh))}
    added = [values_of(job) for call_id, job in fresh.items() if call_id not in known]
    insert_missing(connection, jobs, added)
    _change(connection, known.values(), change)


def apply(connection: Connection, call_ids: Sequence[str], change: Change) -> list[Job]:
    """Change jobs that nobody is running; gives those that were changed."""
    return _change(connection, _load(connection, call_ids), change)


def try_by_hand(connection: Connection, call_id: str, attempt: Attempt, change: Change) -> list[Job]:
    """Change a job that nobody is running, and keep a person's attempt whether or not it was changed."""

    def change_by_hand(job: Job) -> Job:
        changed = change(job)
        return job if changed is job else replace(changed, outcome=attempt)

    written = apply(connection, [call_id], change_by_hand)
    if not written:
        query = select(jobs.c.id).where(jobs.c.telnyx_call_id == call_id).with_for_update()
        # Locked, then looked for: it is there if this was committed before, and the answer to that was lost.
        job_ids = list(connection.scalars(query))
        missing = [job_id for job_id in job_ids if attempt not in load_attempts(connection, job_id)]
        append_attempts(connection, [(job_id, attempt) for job_id in missing])
    return written


def load_due(connection: Connection, now: datetime, limit: int) -> list[Job]:
    """What claim_due would take now; longest due first."""
    return [job_of(row) for row in connection.execute(_longest_due(select(jobs), now, limit))]


def claim_due(
    connection: Connection,
    now: datetime,
    limit: int,
    lease_until: datetime,
    call_ids: Sequence[str] | None = None,
) -> list[Job]:
    """Take what is due and lies in no one else's hands; only of these ids, if any are given.

    `lease_until` is by the database's clock, `now` by the reconciler's.
    """
    free = select(jobs.c.id).with_for_update(skip_locked=True)
    if call_ids is not None:
        free = free.where(is_among(jobs.c.telnyx_call_id, call_ids))
    ids = list(connection.scalars(_longest_due(free, now, limit)))
    if not ids:
        return []
    claim = (
        update(jobs)
        .where(is_among(jobs.c.id, ids))
        .values(status="running", fence=jobs.c.fence + 1, lease_until=lease_until, updated_at=now)
        .returning(*jobs.c)
    )
    return [job_of(row) for row in connection.execute(claim)]


def _longest_due(query: Select[Any], now: datetime, limit: int) -> Select[Any]:
    is_due = and_(jobs.c.status == "pending", jobs.c.next_run_at <= now)
    return query.where(is_due).order_by(jobs.c.next_run_at).limit(limit)


def renew(connection: Connection, claimed: Sequence[Job], lease: timedelta) -> bool:
    """Lengthen the leases of claimed jobs that are still ours; tells whether any is."""
    row_ids = _lock_unchanged(connection, [("running", job) for job in claimed])
    if not row_ids:
        return False
    ours = update(jobs).where(is_among(jobs.c.id, row_ids.values()))
    connection.execute(ours.values(lease_until=database_now(connection) + lease))
    return True


def has_abandoned(connection: Connection) -> bool:
    """Whether the lease of any job has run out."""
    return connection.execute(_abandoned(connection).limit(1)).first() is not None


def reclaim(connection: Connection, now: datetime, limit: int) -> int:
    """Make some jobs whose lease has run out due again; gives how many. Their holders cannot write them any more."""
    free = _abandoned(connection).order_by(jobs.c.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(connection.scalars(free))
    if ids:
        freed = update(jobs).where(is_among(jobs.c.id, ids))
        connection.execute(freed.values(status="pending", lease_until=None, updated_at=now))
    return len(ids)


def _abandoned(connection: Connection) -> Select[tuple[int]]:
    is_over = has_run_out(jobs.c.lease_until, database_now(connection))
    return select(jobs.c.id).where(jobs.c.status == "running", is_over)


def finish(connection: Connection, judged: Sequence[Job]) -> list[Job]:
    """Write back claimed jobs that are still ours; gives these."""
    written = _write_back(connection, [("running", job) for job in judged])
    failpoints.JOBS_WRITTEN.reached()
    return written


def prune(connection: Connection, completed_before: datetime, limit: int) -> int:
    """Delete jobs whose completion is long past; their histories go with them."""
    # Of a completed job nothing changes any more: its last change is its completion, and has an index.
    old = (
        select(jobs.c.id)
        .where(jobs.c.status == "completed", jobs.c.updated_at < completed_before)
        .order_by(jobs.c.updated_at, jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.scalars(old))
    if ids:
        connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
    return len(ids)


def _load(connection: Connection, call_ids: Sequence[str]) -> list[Job]:
    query = select(jobs).where(is_among(jobs.c.telnyx_call_id, call_ids))
    return [job_of(row) for row in connection.execute(query)]


def _change(connection: Connection, known: Iterable[Job], change: Change) -> list[Job]:
    pairs = [(job, change(job)) for job in known if job.status != "running"]
    return _write_back(connection, [(before.status, after) for before, after in pairs if after is not before])


def _write_back(connection: Connection, changes: Sequence[tuple[JobStatus, Job]]) -> list[Job]:
    """Write jobs that still have the status and the fence that the change was made from; gives these.

    Their rows are locked first, in order: the history may only tell of what was written.
    """
    row_ids = _lock_unchanged(connection, changes)
    written = [job for _, job in changes if job.call_id in row_ids]
    if not written:
        return []
    update_by_id(connection, jobs, [{"id": row_ids[job.call_id], **changes_of(job)} for job in written])
    outcomes = [(row_ids[job.call_id], job.outcome) for job in written if job.outcome is not None]
    append_attempts(connection, outcomes)
    return written


def _lock_unchanged(connection: Connection, changes: Sequence[tuple[JobStatus, Job]]) -> dict[str, int]:
    """Row ids by call id."""
    expected = {job.call_id: (status, job.fence) for status, job in changes}
    if not expected:
        return {}
    query = (
        select(jobs.c.id, jobs.c.telnyx_call_id, jobs.c.status, jobs.c.fence)
        .where(is_among(jobs.c.telnyx_call_id, expected))
        .order_by(jobs.c.id)
        .with_for_update()
    )
    return {
        row.telnyx_call_id: row.id
        for row in connection.execute(query)
        if (row.status, row.fence) == expected[row.telnyx_call_id]
    }
