"""The detail records of one type and UTC day, in the order of their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, union_all

from services.common.money import Money
from services.common.times import start_of_day
from services.ledger import tables
from services.ledger.store.cursors import pack_cursor, unpack_cursor
from services.ledger.store.fact_codec import decode_record_fact
from services.ledger.store.record_times import INDEX_HINT, times_within


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """A record with what it charges (None: that cannot be read) and the charge that it ends in.

    `unbilled`: what a record that is not billable says it costs. `content_count`: with how many contents it came.
    """

    record_id: str
    record_at: datetime | None
    cost: Money | None
    unbilled: Money | None
    home_kind: str
    home_record_id: str
    first_observed_at: datetime
    last_observed_at: datetime
    content_count: int


def list_day_records(
    connection: Connection, record_type: str, day: date, page_size: int, cursor: str
) -> tuple[list[DayRecord], str]:
    """(records, next cursor). A record without a time of its own counts on the day on which it was first seen."""
    last_id = unpack_cursor(cursor, tuple[str], "page_token")[0] if cursor else ""
    record_ids = _ids_of_day(connection, record_type, day, last_id, page_size + 1)
    table = tables.detail_records
    query = select(table).where(table.c.record_type == record_type, table.c.record_id.in_(record_ids))
    rows = connection.execute(query.order_by(table.c.record_id)).all()
    page = rows[:page_size]
    seen = _contents(connection, record_type, [row.record_id for row in page])
    records = [_day_record(row, seen[row.record_id]) for row in page]
    return records, pack_cursor((page[-1].record_id,)) if len(rows) > page_size else ""


def _ids_of_day(connection: Connection, record_type: str, day: date, last_id: str, limit: int) -> list[str]:
    """The next ids after `last_id`, in the store's order, read from an index that has them."""
    table = tables.detail_records
    start_at = start_of_day(day)
    parts = [
        select(table.c.record_id)
        .with_hint(table, INDEX_HINT, "sqlite")
        .where(table.c.record_type == record_type, is_within, table.c.record_id > last_id)
        .order_by(table.c.record_id)
        .limit(limit)
        .subquery()
        for is_within in times_within(start_at, start_at + timedelta(days=1))
    ]
    both = union_all(*(select(part.c.record_id) for part in parts)).subquery("both")
    query = select(both.c.record_id).order_by(both.c.record_id).limit(limit)
    return list(connection.execute(query).scalars())


def _contents(connection: Connection, record_type: str, record_ids: Sequence[str]) -> dict[str, list[Any]]:
    """By record id what was seen of it, the content that counts last (rule 3.a)."""
    table = tables.observations
    columns = (table.c.record_id, table.c.fact, table.c.first_observed_at, table.c.last_observed_at)
    query = select(*columns).where(table.c.record_type == record_type, table.c.record_id.in_(record_ids))
    seen: dict[str, list[Any]] = {record_id: [] for record_id in record_ids}
    for row in connection.execute(query.order_by(table.c.last_observed_at, table.c.digest)):
        seen[row.record_id].append(row)
    return seen


def _day_record(row: Any, contents: Sequence[Any]) -> DayRecord:
    return DayRecord(
        record_id=row.record_id,
        record_at=row.record_time,
        cost=None if row.is_unreadable else Money(row.currency, row.cost_nanos),
        unbilled=_unbilled(contents),
        home_kind=row.home_kind,
        home_record_id=row.home_record_id,
        first_observed_at=row.first_observed_at,
        last_observed_at=contents[-1].last_observed_at if contents else row.first_observed_at,
        content_count=len(contents),
    )


def _unbilled(contents: Sequence[Any]) -> Money | None:
    if not contents:
        return None
    record = decode_record_fact(contents[-1].fact, contents[-1].first_observed_at)
    return record.cost if not record.is_billable and record.cost and record.cost.nanos else None
