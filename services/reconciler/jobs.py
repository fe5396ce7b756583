"""The store of jobs, on both databases: claimed under a lease, written back only by who still holds the fence.

What a change of a job adds to its history (`Job.outcome`) is written in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, bindparam, func, select, tuple_

from services.common.database import Database
from services.reconciler import job_writes
from services.reconciler.attempt import Attempt
from services.reconciler.attempts import load_attempts
from services.reconciler.claiming import Claiming
from services.reconciler.job import Job, JobStatus
from services.reconciler.job_rows import job_of
from services.reconciler.job_writes import Change
from services.reconciler.tables import jobs

_OPEN: tuple[JobStatus, ...] = ("pending", "failed")
_CHUNK = 500


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
            await self._database.write_async(partial(job_writes.merge, fresh=chunk, change=change))

    async def claim_due(self, now: datetime, limit: int, lease: timedelta) -> list[Job]:
        """Take at most `limit` jobs whose attempt is due, longest due first."""
        return await self._database.write_async(Claiming(now, limit, lease))

    async def due(self, now: datetime, limit: int) -> list[Job]:
        """At most `limit` jobs that could be claimed now, as they stand, longest due first."""
        return await self._database.read_async(lambda connection: job_writes.load_due(connection, now, limit))

    async def claim_these(self, call_ids: Sequence[str], now: datetime, lease: timedelta) -> list[Job]:
        """Take those of these jobs that are still due."""
        claimed: list[Job] = []
        for start in range(0, len(call_ids), _CHUNK):
            chunk = call_ids[start : start + _CHUNK]
            claimed += await self._database.write_async(Claiming(now, len(chunk), lease, chunk))
        return claimed

    async def renew(self, claimed: Sequence[Job], lease: timedelta) -> bool:
        """Keep claimed jobs for another lease, where they are still ours; tells whether any is."""
        return await self._database.write_async(
            lambda connection: job_writes.renew(connection, claimed, lease)
        )

    async def finish(self, judged: Sequence[Job]) -> list[Job]:
        """Write claimed jobs back and give up the claim; gives those that were still ours.

        What was reclaimed since, or claimed by another, is left alone.
        """
        return await self._database.write_async(lambda connection: job_writes.finish(connection, judged))

    async def reclaim(self, now: datetime) -> int:
        """Make jobs whose holder's lease has run out due again; gives how many there were."""
        # Looked for first: a transaction that writes would wait for others, each time for nothing.
        if not await self._database.read_async(job_writes.has_abandoned):
            return 0
        return await self._database.write_async(
            lambda connection: job_writes.reclaim(connection, now, _CHUNK)
        )

    async def apply(self, call_ids: Sequence[str], change: Change) -> list[Job]:
        """Apply `change` to jobs that nobody is running; gives those that it changed. Unknown ids are ignored."""
        changed: list[Job] = []
        for start in range(0, len(call_ids), _CHUNK):
            chunk = call_ids[start : start + _CHUNK]
            changed += await self._database.write_async(
                partial(job_writes.apply, call_ids=chunk, change=change)
            )
        return changed

    async def try_by_hand(self, call_id: str, attempt: Attempt, change: Change) -> list[Job]:
        """Apply `change` to one job as `apply` does, and put a person's attempt into its history in any case.

        The attempt stands in for the outcome of the change. Nothing is kept where there is no such job.
        """
        return await self._database.write_async(
            lambda connection: job_writes.try_by_hand(connection, call_id, attempt, change)
        )

    async def prune(self, completed_before: datetime, limit: int) -> int:
        """Delete at most `limit` jobs that were completed before, with their histories; gives how many there were."""
        return await self._database.write_async(
            lambda connection: job_writes.prune(connection, completed_before, limit)
        )

    async def open_ids(self) -> set[str]:
        """Ids of all jobs that are not completed and not running."""
        query = select(jobs.c.telnyx_call_id).where(jobs.c.status.in_(_OPEN))
        return await self._database.read_async(lambda connection: set(connection.scalars(query)))

    async def get(self, call_id: str) -> Job | None:
        """One job; None if there is none."""
        query = select(jobs).where(jobs.c.telnyx_call_id == call_id)
        row = await self._database.read_async(lambda connection: connection.execute(query).one_or_none())
        return job_of(row) if row is not None else None

    async def with_history(self, call_id: str) -> tuple[Job, tuple[Attempt, ...]] | None:
        """One job with its latest attempts (at most MAX_KEPT), oldest first; None if there is none."""
        return await self._database.read_async(lambda connection: _with_history(connection, call_id))

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
        return JobPage(tuple(map(job_of, shown)), rest)

    async def count_by_status(self) -> dict[str, int]:
        """How many jobs there are of each status but `completed`, of which there are far too many to count often."""
        query = (
            select(jobs.c.status, func.count().label("job_count"))
            .where(jobs.c.status.in_((*_OPEN, "running")))
            .group_by(jobs.c.status)
        )
        rows = await self._database.read_async(lambda connection: connection.execute(query).all())
        return {row.status: row.job_count for row in rows}


def _with_history(connection: Connection, call_id: str) -> tuple[Job, tuple[Attempt, ...]] | None:
    row = connection.execute(select(jobs).where(jobs.c.telnyx_call_id == call_id)).one_or_none()
    return (job_of(row), load_attempts(connection, row.id)) if row is not None else None
