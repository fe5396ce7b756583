"""The histories of jobs, as rows of `telnyx_cdr_reconcile_attempts`: written in the transaction of the job itself."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select

from services.common.statements import insert_rows
from services.common.value_lists import is_among
from services.reconciler.attempt import Attempt
from services.reconciler.tables import attempts, jobs

MAX_KEPT = 50
"""How many of a job's attempts are kept; the oldest go first."""


def append_attempts(connection: Connection, made: Sequence[tuple[int, Attempt]]) -> None:
    """Add attempts to the histories of jobs, by the jobs' row ids, and drop what is then too much.

    The caller has locked the rows of these jobs, so that a history grows in the order of its ids.
    """
    rows = [
        {
            "job_id": job_id,
            "finished_at": attempt.finished_at,
            "settled": attempt.is_settled,
            "manual": attempt.is_manual,
            "reason": attempt.reason or None,
        }
        for job_id, attempt in made
    ]
    insert_rows(connection, attempts, rows)
    if rows:
        _drop_oldest(connection, [job_id for job_id, _ in made])


def _drop_oldest(connection: Connection, job_ids: Sequence[int]) -> None:
    """Leave of each of these histories what is kept; few are ever that long."""
    # Counted job by job: grouped, PostgreSQL may read the histories of all jobs to find these.
    length = select(func.count()).where(attempts.c.job_id == jobs.c.id).scalar_subquery()
    long = select(jobs.c.id).where(is_among(jobs.c.id, job_ids), length > MAX_KEPT)
    too_long = connection.scalars(long).all()
    if not too_long:
        return
    newest_first = func.row_number().over(partition_by=attempts.c.job_id, order_by=attempts.c.id.desc())
    ranked = (
        select(attempts.c.id, newest_first.label("place"))
        .where(is_among(attempts.c.job_id, too_long))
        .subquery()
    )
    too_old = select(ranked.c.id).where(ranked.c.place > MAX_KEPT)
    connection.execute(delete(attempts).where(attempts.c.id.in_(too_old)))


def load_attempts(connection: Connection, job_id: int) -> tuple[Attempt, ...]:
    """The history of one job, oldest first."""
    query = select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.id)
    return tuple(
        Attempt(
            finished_at=row.finished_at,
            is_settled=row.settled,
            is_manual=row.manual,
            reason=row.reason or "",
        )
        for row in connection.execute(query)
    )
