"""The intake's one table. It is not among those of the book: on SQLite it is in a file of its own."""

from sqlalchemy import Boolean, Column, LargeBinary, MetaData, Table

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
