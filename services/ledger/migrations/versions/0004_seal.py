"""The chain of sealed entries. What an old journal has is sealed once the ledger runs.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

from services.common.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HASHES = ("previous_hash", "merkle_root", "hash")
_COUNTS = ("entry_count", "first_entry_id", "last_entry_id")


def upgrade() -> None:
    """Create the table of blocks."""
    op.create_table(
        "journal_blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in _HASHES),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
