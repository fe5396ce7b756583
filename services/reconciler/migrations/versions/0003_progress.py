"""What each reconciler last said of itself.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

from services.common.columns import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
runs_from = "0002"


def upgrade() -> None:
    """Create the table; an older reconciler beside it neither reads nor writes it."""
    op.create_table(
        "reconciler_progress",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
