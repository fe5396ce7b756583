"""Jobs to and from rows of `telnyx_cdr_reconcile_jobs`."""

from typing import Any

from sqlalchemy import Row

from services.reconciler.job import Job

_REWRITTEN = (
    "telnyx_session_id",
    "status",
    "attempts",
    "opened_at",
    "next_run_at",
    "last_error",
    "missing",
    "known_at",
    "completed_at",
    "updated_at",
)


def values_of(job: Job) -> dict[str, Any]:
    """A job's columns but its key and its lease; `outcome` is a row of another table."""
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


def changes_of(job: Job) -> dict[str, Any]:
    """What is written back of a job, whoever held it: the lease is given up."""
    values = values_of(job)
    return {name: values[name] for name in _REWRITTEN} | {"lease_until": None}


def job_of(row: Row[Any]) -> Job:
    """The job that a row holds."""
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
