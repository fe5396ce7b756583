"""The attempts of jobs.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

from services.common.columns import BigKey, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the attempts of jobs so far were not kept."""
    op.create_table(
        "telnyx_cdr_reconcile_attempts",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("job_id", BigKey, nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["job_id"], ["telnyx_cdr_reconcile_jobs.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_reconcile_attempts_job", "telnyx_cdr_reconcile_attempts", ["job_id", "id"])
