"""When a detail record lies in a stretch of time: by its own time, or by when it was first seen if it has none.

Two conditions rather than one: each is a range of the index by type and time.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_

from services.ledger import tables

INDEX_HINT = "INDEXED BY ix_detail_records_type_time"
"""For SQLite, which would rather walk all records of a type in the order of their ids than sort those of a day."""


def times_within(start_at: datetime, end_at: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """[start_at, end_at): records with a time of their own, and those without."""
    table = tables.detail_records
    return (
        and_(table.c.record_time >= start_at, table.c.record_time < end_at),
        and_(
            table.c.record_time.is_(None),
            table.c.first_observed_at >= start_at,
            table.c.first_observed_at < end_at,
        ),
    )
