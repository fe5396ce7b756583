"""The store of jobs, on both databases: claimed under a lease, written back only by who still holds the fence."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from services.common.database import Database
from services.reconciler.database_clock import database_now
from services.reconciler.job import Job, JobStatus
from services.reconciler.tables import jobs

_OPEN: tuple[JobStatus, ...] = ("pending", "failed")
_CHUNK = 500

Change = Callable[[Job], Job]


@dataclass(frozen=True, slots=True)
class JobPosition:
    """Where a listing, newest change first, goes on."""

    updated_at: datetime
    row_id: int


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, and where the rest begins; None at the end."""

    jobs: tuple[Job, ...]
    rest: JobPosition | None


class JobStore:
    """All that is done to jobs. Every method runs in one transaction; raises Unavailable or Conflict."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def merge(self, fresh: Sequence[Job], change: Change) -> None:
        """Add the jobs that are not known yet, and apply `change` to the others as they stand.

        A job that another reconciler changes meanwhile is left to it.
        """
        for start in range(0, len(fresh), _CHUNK):
            chunk = {job.call_id: job for job in fresh[start : start + _CHUNK]}
            await self._database.write_async(partial(_merge, fresh=chunk, change=change))

    async def claim_due(self, now: datetime, limit: int, lease: timedelta) -> list[Job]:
        """Take at most `limit` jobs whose attempt is due, or whose holder's lease has run out, longest due first."""
        return await self._database.write_async(lambda connection: _claim_due(connection, now, limit, lease))

    async def renew(self, claimed: Sequence[Job], lease: timedelta) -> None:
        """Keep claimed jobs for another lease, where they are still ours."""
        await self._database.write_async(lambda connection: _renew(connection, claimed, lease))

    async def finish(self, judged: Sequence[Job]) -> None:
        """Write claimed jobs back and give up the claim; those that someone else has claimed since are left alone."""
        await self._database.write_async(lambda connection: _write_back(connection, judged, "running"))

    async def apply(self, call_ids: Sequence[str], change: Change) -> list[Job]:
        """Apply `change` to jobs that nobody is running; gives those that it changed. Unknown ids are ignored."""
        changed: list[Job] = []
        for start in range(0, len(call_ids), _CHUNK):
            chunk = call_ids[start : start + _CHUNK]
            changed += await self._database.write_async(partial(_apply, call_ids=chunk, change=change))
        return changed

    async def open_ids(self) -> set[str]:
        """Ids of all jobs that are not completed and not running."""
        query = select(jobs.c.telnyx_call_id).where(jobs.c.status.in_(_OPEN))
        return await self._database.read_async(lambda connection: set(connection.scalars(query)))

    async def get(self, call_id: str) -> Job | None:
        """One job; None if there is none."""
        query = select(jobs).where(jobs.c.telnyx_call_id == call_id)
        row = await self._database.read_async(lambda connection: connection.execute(query).one_or_none())
        return _job(row) if row is not None else None

    async def page(self, status: JobStatus | None, limit: int, start: JobPosition | None) -> JobPage:
        """Jobs, newest change first, from `start` on."""
        query = select(jobs).order_by(jobs.c.updated_at.desc(), jobs.c.id.desc()).limit(limit + 1)
        if status is not None:
            query = query.where(jobs.c.status == status)
        if start is not None:
            here = tuple_(jobs.c.updated_at, jobs.c.id)
            query = query.where(
                here < tuple_(bindparam("at", start.updated_at, jobs.c.updated_at.type), start.row_id)
            )
        rows = await self._database.read_async(lambda connection: connection.execute(query).all())
        shown = rows[:limit]
        rest = JobPosition(shown[-1].updated_at, shown[-1].id) if len(rows) > limit else None
        return JobPage(tuple(map(_job, shown)), rest)

    async def count_by_status(self) -> dict[str, int]:
        """How many jobs there are of each status but `completed`, of which there is no end."""
        query = (
            select(jobs.c.status, func.count().label("job_count"))
            .where(jobs.c.status.in_((*_OPEN, "running")))
            .group_by(jobs.c.status)
        )
        rows = await self._database.read_async(lambda connection: connection.execute(query).all())
        return {row.status: row.job_count for row in rows}


def _merge(connection: Connection, fresh: dict[str, Job], change: Change) -> None:
    known = {job.call_id: job for job in _load(connection, list(fresh))}
    added = [_values(job) for call_id, job in fresh.items() if call_id not in known]
    if added:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(
            dialect.insert(jobs).on_conflict_do_nothing(index_elements=["telnyx_call_id"]), added
        )
    _change(connection, known.values(), change)


def _apply(connection: Connection, call_ids: Sequence[str], change: Change) -> list[Job]:
    return _change(connection, _load(connection, call_ids), change)


def _change(connection: Connection, known: Iterable[Job], change: Change) -> list[Job]:
    pairs = [(job, change(job)) for job in known if job.status != "running"]
    for status in ("pending", "completed", "failed"):
        changed = [after for before, after in pairs if before.status == status and after is not before]
        _write_back(connection, changed, status)
    return [after for before, after in pairs if after is not before]


def _load(connection: Connection, call_ids: Sequence[str]) -> list[Job]:
    query = select(jobs).where(jobs.c.telnyx_call_id.in_(call_ids))
    return [_job(row) for row in connection.execute(query)]


def _claim_due(connection: Connection, now: datetime, limit: int, lease: timedelta) -> list[Job]:
    clock = database_now(connection)
    is_due = and_(jobs.c.status == "pending", jobs.c.next_run_at <= now)
    is_abandoned = and_(jobs.c.status == "running", jobs.c.lease_until <= clock)
    due = (
        select(jobs.c.id)
        .where(or_(is_due, is_abandoned))
        .order_by(jobs.c.next_run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.scalars(due))
    claim = (
        update(jobs)
        .where(jobs.c.id.in_(ids))
        .values(status="running", fence=jobs.c.fence + 1, lease_until=clock + lease, updated_at=now)
        .returning(*jobs.c)
    )
    return [_job(row) for row in connection.execute(claim)] if ids else []


def _renew(connection: Connection, claimed: Sequence[Job], lease: timedelta) -> None:
    held = _held_by("running").values(lease_until=database_now(connection) + lease)
    connection.execute(held, [{"held_id": job.call_id, "held_fence": job.fence} for job in claimed])


def _write_back(connection: Connection, judged: Sequence[Job], held_status: str) -> None:
    if not judged:
        return
    names = [name for name in _values(judged[0]) if name not in ("telnyx_call_id", "created_at", "fence")]
    written = _held_by(held_status).values(
        **{name: bindparam(f"new_{name}") for name in names}, lease_until=None
    )
    connection.execute(
        written,
        [
            {
                "held_id": job.call_id,
                "held_fence": job.fence,
                **{f"new_{name}": value for name, value in _values(job).items() if name in names},
            }
            for job in judged
        ],
    )


def _held_by(status: str) -> Any:
    return update(jobs).where(
        jobs.c.telnyx_call_id == bindparam("held_id"),
        jobs.c.fence == bindparam("held_fence"),
        jobs.c.status == status,
    )


def _values(job: Job) -> dict[str, Any]:
    return {
        "telnyx_call_id": job.call_id,
        "telnyx_session_id": job.session_id,
        "kind": job.kind,
        "status": job.status,
        "attempts": job.attempts,
        "opened_at": job.opened_at,
        "next_run_at": job.next_run_at,
        "last_error": job.last_error or None,
        "missing": list(job.missing),
        "known_at": job.known_at,
        "completed_at": job.completed_at,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "fence": job.fence,
    }


def _job(row: Row[Any]) -> Job:
    return Job(
        call_id=row.telnyx_call_id,
        session_id=row.telnyx_session_id,
        kind=row.kind,
        status=row.status,
        attempts=row.attempts,
        opened_at=row.opened_at,
        next_run_at=row.next_run_at,
        last_error=row.last_error or "",
        missing=tuple(row.missing),
        known_at=row.known_at,
        completed_at=row.completed_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        fence=row.fence,
    )
