"""Claiming jobs so that the claim is known although the answer to its commit was lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from services.common.database_clock import database_now
from services.common.value_lists import is_among
from services.reconciler import job_writes
from services.reconciler.job import Job
from services.reconciler.tables import jobs


class Claiming:
    """One claim, as the work of a transaction that may run several times.

    Without it, jobs whose claim was committed unnoticed would lie until their lease runs out. A claim is told from
    another's by its fence and by the microsecond at which its lease ends.
    """

    def __init__(
        self, now: datetime, limit: int, lease: timedelta, call_ids: Sequence[str] | None = None
    ) -> None:
        """See `job_writes.claim_due`."""
        self._now = now
        self._limit = limit
        self._lease = lease
        self._call_ids = call_ids
        self._taken: list[Job] = []
        self._lease_until: datetime | None = None

    def __call__(self, connection: Connection) -> list[Job]:
        """The jobs that are ours now."""
        if self._are_taken(connection):
            return self._taken
        self._lease_until = database_now(connection) + self._lease
        self._taken = job_writes.claim_due(
            connection, self._now, self._limit, self._lease_until, self._call_ids
        )
        return self._taken

    def _are_taken(self, connection: Connection) -> bool:
        """Whether what an earlier attempt took was committed after all."""
        if not self._taken:
            return False
        fences = {job.call_id: job.fence for job in self._taken}
        # Locked by their ids alone: a commit that is still under way is waited for.
        query = (
            select(jobs.c.telnyx_call_id, jobs.c.status, jobs.c.fence, jobs.c.lease_until)
            .where(is_among(jobs.c.telnyx_call_id, fences))
            .order_by(jobs.c.id)
            .with_for_update()
        )
        return any(
            (row.status, row.fence, row.lease_until)
            == ("running", fences[row.telnyx_call_id], self._lease_until)
            for row in connection.execute(query)
        )
