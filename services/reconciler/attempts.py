"""The histories of jobs, as rows of `telnyx_cdr_reconcile_attempts`: written in the transaction of the job itself."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, insert, select

from services.reconciler.attempt import Attempt
from services.reconciler.tables import attempts

MAX_KEPT = 50
"""How many of a job's attempts are kept; the oldest go first."""


def append_attempts(connection: Connection, made: Iterable[tuple[int, Attempt]]) -> None:
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
    if not rows:
        return
    connection.execute(insert(attempts), rows)
    newest_first = func.row_number().over(partition_by=attempts.c.job_id, order_by=attempts.c.id.desc())
    ranked = (
        select(attempts.c.id, newest_first.label("place"))
        .where(attempts.c.job_id.in_([row["job_id"] for row in rows]))
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
