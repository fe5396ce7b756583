"""What the page and the REST answers ask of a large book: sums by part and over all numbers, and indexes.

Revision ID: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SUMS = ("cost_nanos", "exact_nanos", "charge_count", "exact_count")
_KEY_TYPES: dict[str, sa.types.TypeEngine[Any]] = {"day": sa.Date(), "slot": sa.Integer()}
_KEYS = {
    "number_rollups": ("phone_number", "record_type", "currency", "day", "slot"),
    "part_rollups": ("phone_number", "day", "record_type", "part", "currency", "slot"),
    "day_rollups": ("day", "record_type", "part", "currency", "slot"),
}
_FILTERED = ("record_type", "direction", "status", "merged_into")
_SORTED = ("cost_nanos", "duration")
_INDEXES = {
    "ix_telnyx_billing_date": ["billing_date", "id", "phone_number", *_FILTERED, *_SORTED],
    "ix_telnyx_billing_number": ["phone_number", "billing_date", "id", *_FILTERED, *_SORTED],
    "ix_telnyx_billing_contact": ["contact", "billing_date", "id", "phone_number", *_FILTERED, *_SORTED],
    "ix_telnyx_billing_cost": [
        *("record_type", "direction", "cost_nanos", "id"),
        *("billing_date", "phone_number", "status", "merged_into"),
    ],
    "ix_telnyx_billing_duration": [
        *("record_type", "direction", "duration", "id"),
        *("billing_date", "phone_number", "status", "merged_into"),
    ],
}

# What each part of each listed charge comes to, and as "estimate" what no part explains.
_PARTS = """
    SELECT billing_id, record_type AS part, SUM(cost_nanos) AS nanos
    FROM billing_parts GROUP BY billing_id, record_type
    UNION ALL
    SELECT charge.id, 'estimate', charge.cost_nanos - COALESCE(SUM(line.cost_nanos), 0)
    FROM telnyx_billing AS charge LEFT JOIN billing_parts AS line ON line.billing_id = charge.id
    GROUP BY charge.id, charge.cost_nanos
    HAVING charge.cost_nanos <> COALESCE(SUM(line.cost_nanos), 0)
"""


def upgrade() -> None:
    """Create the tables of sums, fill them from the book, and index the charges for every question."""
    _create_rollups()
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    _fill_rollups("(billing_date AT TIME ZONE 'UTC')::date" if is_postgresql else "date(billing_date)")
    op.drop_table("charge_rollups")
    _create_indexes()


def _create_rollups() -> None:
    for table, keys in _KEYS.items():
        op.create_table(
            table,
            *(sa.Column(name, _KEY_TYPES.get(name, sa.String()), nullable=False) for name in keys),
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
            sa.PrimaryKeyConstraint(*keys),
            sqlite_with_rowid=False,
        )


def _fill_rollups(day: str) -> None:
    sums = ", ".join(_SUMS)
    op.execute(
        f"""
        INSERT INTO part_rollups (phone_number, day, record_type, part, currency, slot, {sums})
        SELECT phone_number, {day},
            CASE WHEN record_type = 'other' THEN 'other' ELSE record_type || '_' || direction END,
            part, currency, 0,
            SUM(nanos), SUM(CASE WHEN settled_at IS NOT NULL THEN nanos ELSE 0 END),
            COUNT(*), SUM(CASE WHEN settled_at IS NOT NULL THEN 1 ELSE 0 END)
        FROM telnyx_billing JOIN ({_PARTS}) AS parts ON parts.billing_id = telnyx_billing.id
        WHERE merged_into IS NULL
        GROUP BY 1, 2, 3, 4, 5
        """  # noqa: S608
    )
    summed = ", ".join(f"SUM({name})" for name in _SUMS)
    # Writers used to take any of 16 slots, now they take the lowest that is free: fewer rows to read.
    op.execute(
        f"""
        INSERT INTO number_rollups (phone_number, record_type, currency, day, slot, {sums})
        SELECT phone_number, record_type, currency, day, 0, {summed} FROM charge_rollups GROUP BY 1, 2, 3, 4
        """  # noqa: S608
    )
    for table, part in (("part_rollups", "part"), ("number_rollups", "''")):
        op.execute(
            f"""
            INSERT INTO day_rollups (day, record_type, part, currency, slot, {sums})
            SELECT day, record_type, {part}, currency, 0, {summed} FROM {table} GROUP BY 1, 2, 3, 4
            """  # noqa: S608
        )


def _create_indexes() -> None:
    op.drop_index("ix_telnyx_billing_date", "telnyx_billing")
    op.drop_index("ix_telnyx_billing_number", "telnyx_billing")
    for name, columns in _INDEXES.items():
        op.create_index(name, "telnyx_billing", columns)
    is_estimated = sa.text("status = 'estimated'")
    op.create_index(
        "ix_telnyx_billing_estimated",
        "telnyx_billing",
        _INDEXES["ix_telnyx_billing_date"],
        sqlite_where=is_estimated,
        postgresql_where=is_estimated,
    )
