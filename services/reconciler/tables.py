"""The reconciler's tables. `telnyx_cdr_reconcile_jobs` is also an outside contract (design, section 2).

All of it can be deleted: jobs come back from the ledger, and only attempt counts are lost.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, ForeignKey, Index, MetaData, Table
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.common.columns import BigKey, JsonColumn, UtcDateTime


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


class _ReconcilerTable(SQLModel, registry=registry()):
    """Apart from the ledger's tables, also where both live in one database."""


class JobRow(_ReconcilerTable, table=True):
    """A job. `lease_until` is by the database's clock, all other moments by the reconciler's or the ledger's."""

    __tablename__: ClassVar[str] = "telnyx_cdr_reconcile_jobs"
    __table_args__ = (
        Index("ix_reconcile_jobs_due", "status", "next_run_at"),
        Index("ix_reconcile_jobs_updated", "updated_at", "id"),
        Index("ix_reconcile_jobs_status_updated", "status", "updated_at", "id"),
    )
    id: int = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    telnyx_call_id: str = Field(unique=True)
    telnyx_session_id: str
    kind: str
    status: str
    attempts: int
    opened_at: datetime = _moment()
    next_run_at: datetime | None = _moment(nullable=True)
    last_error: str | None = None
    missing: Any = Field(default=None, sa_column=Column(JsonColumn, nullable=False))
    known_at: datetime = _moment()
    completed_at: datetime | None = _moment(nullable=True)
    created_at: datetime = _moment()
    updated_at: datetime = _moment()
    fence: int
    lease_until: datetime | None = _moment(nullable=True)


class AttemptRow(_ReconcilerTable, table=True):
    """What one attempt of a job came to. Goes with its job."""

    __tablename__: ClassVar[str] = "telnyx_cdr_reconcile_attempts"
    __table_args__ = (Index("ix_reconcile_attempts_job", "job_id", "id"),)
    id: int = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    job_id: int = Field(
        sa_column=Column(
            BigKey, ForeignKey("telnyx_cdr_reconcile_jobs.id", ondelete="CASCADE"), nullable=False
        )
    )
    finished_at: datetime = _moment()
    settled: bool
    manual: bool
    reason: str | None = None


class LeaseRow(_ReconcilerTable, table=True):
    """A piece of work that only one of several reconcilers does at a time. By the database's clock."""

    __tablename__: ClassVar[str] = "reconciler_leases"
    name: str = Field(primary_key=True)
    holder: str
    lease_until: datetime = _moment()


class ProgressRow(_ReconcilerTable, table=True):
    """What a reconciler last said of itself (ReconcilerProgress). By the database's clock."""

    __tablename__: ClassVar[str] = "reconciler_progress"
    name: str = Field(primary_key=True)
    told_at: datetime = _moment()
    told: bytes


def _table(model: type[SQLModel]) -> Table:
    table: Table = getattr(model, "__table__")  # noqa: B009 - SQLModel declares no such attribute to mypy
    return table


jobs = _table(JobRow)
attempts = _table(AttemptRow)
leases = _table(LeaseRow)
progress = _table(ProgressRow)

metadata: MetaData = _ReconcilerTable.metadata
