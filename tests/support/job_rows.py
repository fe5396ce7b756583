"""What users' own SQL sees of jobs: for tests in which reconcilers are processes of their own, on PostgreSQL."""

from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class JobRows:
    """The reconcilers' database, read from outside."""

    url: str

    def jobs(self) -> dict[str, tuple[Any, ...]]:
        """(status, attempts, fence, completed_at, lines of history that say it settled) by call id."""
        rows = self.ask(
            "SELECT telnyx_call_id, status, attempts, fence, completed_at, (SELECT count(*) FROM "
            "telnyx_cdr_reconcile_attempts WHERE job_id = job.id AND settled) FROM telnyx_cdr_reconcile_jobs job"
        )
        return {row[0]: tuple(row[1:]) for row in rows}

    def count(self, status: str) -> int:
        """How many jobs there are of a status."""
        return sum(job[0] == status for job in self.jobs().values())

    def running(self) -> set[tuple[str, int]]:
        """The jobs that somebody holds, each with its fence: another's claim is another."""
        return {(call_id, job[2]) for call_id, job in self.jobs().items() if job[0] == "running"}

    def open_count(self) -> int:
        """How many jobs are not completed."""
        return sum(job[0] != "completed" for job in self.jobs().values())

    def leader(self) -> str | None:
        """Who leads now, by the database's clock: `<host>:<pid>:<nonce>`; None while nobody does."""
        rows = self.ask(
            "SELECT holder FROM reconciler_leases WHERE name = 'sweeps' AND lease_until > clock_timestamp()"
        )
        return rows[0][0] if rows else None

    def leader_pid(self) -> int | None:
        """Its process."""
        holder = self.leader()
        return int(holder.split(":")[-2]) if holder else None

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows that a query gives."""
        with psycopg.connect(self.url, connect_timeout=10) as connection:
            return connection.execute(query.encode()).fetchall()
