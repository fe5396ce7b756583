"""Jobs and leases.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from services.common.columns import BigKey, JsonColumn, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table of the reconciler."""
    op.create_table(
        "telnyx_cdr_reconcile_jobs",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("telnyx_call_id", sa.String(), nullable=False),
        sa.Column("telnyx_session_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("next_run_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("missing", JsonColumn, nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("telnyx_call_id"),
    )
    op.create_index("ix_reconcile_jobs_due", "telnyx_cdr_reconcile_jobs", ["status", "next_run_at"])
    op.create_index("ix_reconcile_jobs_updated", "telnyx_cdr_reconcile_jobs", ["updated_at", "id"])
    op.create_index(
        "ix_reconcile_jobs_status_updated", "telnyx_cdr_reconcile_jobs", ["status", "updated_at", "id"]
    )
    op.create_table(
        "reconciler_leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
