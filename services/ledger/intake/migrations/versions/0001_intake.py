"""The intake.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from services.common.columns import BigKey, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "event_intake",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("is_refused", sa.Boolean(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
