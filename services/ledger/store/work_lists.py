"""What the reconciler asks: what is open, and which windows have been read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, select, tuple_

from services.ledger import tables
from services.ledger.store.cursors import read_cursor, write_cursor

Verdict = Literal["complete", "different", "unproven"]
"""What a sweep proves: all that was there is in the book; something is not; or its silence means nothing."""


def list_open(
    connection: Connection,
    now: datetime,
    changed_since: datetime | None,
    record_ids: Sequence[str],
    page_size: int,
    cursor: str,
) -> tuple[list[Any], str]:
    """(rows of open_items, next cursor): what is open by `now` and still waits, in order of its last change."""
    table = tables.open_items
    query = select(table).where(table.c.changed_at <= now).order_by(table.c.changed_at, table.c.id)
    if changed_since is not None:
        query = query.where(table.c.changed_at >= changed_since)
    if record_ids:
        query = query.where(table.c.record_id.in_(record_ids))
    if cursor:
        place = read_cursor(cursor, "page_token")
        query = query.where(tuple_(table.c.changed_at, table.c.id) > place)
    return _page(connection, query, page_size, "changed_at")


def list_sweeps(
    connection: Connection,
    record_type: str,
    read_since: datetime | None,
    page_size: int,
    cursor: str,
    verdict: Verdict | None = None,
) -> tuple[list[Any], str]:
    """(rows of sweeps, next cursor), newest reading first; of one verdict if one is given."""
    table = tables.sweeps
    query = select(table).order_by(table.c.read_at.desc(), table.c.id.desc())
    if record_type:
        query = query.where(table.c.record_type == record_type)
    if read_since is not None:
        query = query.where(table.c.read_at >= read_since)
    if verdict is not None:
        query = query.where(_has_verdict(verdict))
    if cursor:
        query = query.where(tuple_(table.c.read_at, table.c.id) < read_cursor(cursor, "page_token"))
    return _page(connection, query, page_size, "read_at")


def _has_verdict(verdict: Verdict) -> ColumnElement[bool]:
    table = tables.sweeps
    if verdict == "different":
        return table.c.held_count.is_distinct_from(table.c.total_results)
    return and_(table.c.held_count == table.c.total_results, table.c.is_proven.is_(verdict == "complete"))


def _page(connection: Connection, query: Any, page_size: int, time_column: str) -> tuple[list[Any], str]:
    rows = list(connection.execute(query.limit(page_size + 1)))
    if len(rows) <= page_size:
        return rows, ""
    last = rows[page_size - 1]
    return rows[:page_size], write_cursor(getattr(last, time_column), last.id)
