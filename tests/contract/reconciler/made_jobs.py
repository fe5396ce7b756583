"""Jobs for the store's cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.reconciler.items import OpenItem
from services.reconciler.job import Job, new_job
from services.reconciler.schedule import Schedule

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SCHEDULE = Schedule((5, 30, 60))
LEASE = timedelta(seconds=30)
ENDED = timedelta(seconds=-1)
"""A lease that has run out when it is taken: by the database's clock nobody need wait for that."""


def made_job(call_id: str, opened_s: float = 0, **changes: object) -> Job:
    """A pending job of a call that ended so long after noon."""
    moment = NOON + timedelta(seconds=opened_s)
    about = OpenItem(
        kind="call",
        record_id=call_id,
        session_id=f"session-of-{call_id}",
        start_at=moment,
        end_at=moment,
        opened_at=moment,
        changed_at=moment,
        missing=("sip-trunking",),
    )
    return replace(new_job(about, SCHEDULE, known_at=moment, now=moment), **changes)  # type: ignore[arg-type]


def same(job: Job) -> Job:
    """No change."""
    return job


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)
