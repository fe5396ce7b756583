"""The intake's tables. They are not among those of the book: on SQLite they are in a file of their own."""

from sqlalchemy import Boolean, Column, LargeBinary, MetaData, String, Table

from services.common.columns import BigKey, UtcDateTime

metadata = MetaData()

event_intake = Table(
    "event_intake",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("is_refused", Boolean, nullable=False),
    # Last: to read what follows it, SQLite would have to read all of it.
    Column("request", LargeBinary, nullable=False),
    # An id must not come again: what is deleted by its number was booked under it.
    sqlite_autoincrement=True,
)
"""One row per request that was taken in: `request` is a RecordEventsRequest as it came.

`claimed_at`: when a ledger last said that it is about to book this. `is_refused`: the one event in it was refused by
the book, and is kept for a ledger that can book it.
"""

refused_records = Table(
    "refused_records",
    metadata,
    Column("record_type", String, primary_key=True),
    Column("record_id", String, primary_key=True),
    Column("refused_at", UtcDateTime, nullable=False),
    Column("record", LargeBinary, nullable=False),
)
"""Detail records that the book refused, kept for a ledger that can book them: `record` is a DetailRecord as it came."""
