"""What the book holds of each record type and UTC day, beside the last word of usage_reports. Set-based throughout."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, String, and_, column, func, select, true

from services.common.money import Money
from services.common.times import start_of_day
from services.ledger import tables
from services.ledger.store.day_sources import DETAIL_RECORDS, Source, sources_of_days
from services.ledger.store.day_texts import utc_day_text

TypeDay = tuple[str, date]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reported:
    """The last word of usage_reports in one currency, exact to so many decimals."""

    nanos: int
    decimals: int
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDay:
    """One type, day and currency. `complete_at`: when a sweep over the whole day, read after it, was last complete."""

    record_type: str
    day: date
    book: Money
    record_count: int
    unreadable_count: int
    open_count: int
    reported: Reported | None
    source: Source | None
    complete_at: datetime | None


@dataclass(slots=True)
class _Side:
    """What is known of one type and day."""

    sums: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    reported: dict[str, Reported] = field(default_factory=dict)


def list_book_days(connection: Connection, first: date, after: date, account_currency: str) -> list[BookDay]:
    """The days from `first` until before `after` of which anything is known, by type, day and currency."""
    sides: defaultdict[TypeDay, _Side] = defaultdict(_Side)
    for row in _sums(connection, first, after):
        amounts = (int(row.cost_nanos), int(row.record_count), int(row.unreadable_count))
        sides[(row.record_type, row.day)].sums[row.currency] = amounts
    for row in _readings(connection, first, after):
        reported = Reported(row.cost_nanos, row.decimals, row.read_at)
        sides[(row.record_type, row.day)].reported[row.currency] = reported
    open_counts = _open_counts(connection, first, after)
    sources = sources_of_days(connection, first, after)
    complete = _complete_days(connection, first, after)
    days = []
    for key in sorted({*sides, *open_counts, *sources}):
        side = sides[key]
        for currency in sorted({*side.sums, *side.reported}) or [account_currency]:
            nanos, record_count, unreadable_count = side.sums.get(currency, (0, 0, 0))
            day = BookDay(
                record_type=key[0],
                day=key[1],
                book=Money(currency, nanos),
                record_count=record_count,
                unreadable_count=unreadable_count,
                open_count=open_counts.get(key, 0),
                reported=side.reported.get(currency),
                source=sources.get(key) or (DETAIL_RECORDS if side.sums else None),
                complete_at=complete.get(key),
            )
            days.append(day)
    return days


def _sums(connection: Connection, first: date, after: date) -> Iterator[Any]:
    table = tables.record_rollups
    keys = (table.c.record_type, table.c.day, table.c.currency)
    sums = [
        func.sum(table.c[name]).label(name) for name in ("cost_nanos", "record_count", "unreadable_count")
    ]
    query = select(*keys, *sums).where(table.c.day >= first, table.c.day < after).group_by(*keys)
    # A row of which everything was taken out again tells nothing.
    yield from connection.execute(query.having(func.sum(table.c.record_count) != 0))


def _readings(connection: Connection, first: date, after: date) -> Iterator[Any]:
    """The rows of the last answer about each type and day; of several at one moment that of the greatest key."""
    table = tables.usage_days
    within = (table.c.day >= first, table.c.day < after)
    key = (table.c.record_type, table.c.day)
    newest = select(*key, func.max(table.c.read_at).label("read_at")).where(*within).group_by(*key)
    last = newest.subquery("last")
    query = select(table).join(
        last,
        and_(
            table.c.record_type == last.c.record_type,
            table.c.day == last.c.day,
            table.c.read_at == last.c.read_at,
        ),
    )
    yield from connection.execute(query.order_by(table.c.account_key, table.c.cost_nanos))


def _open_counts(connection: Connection, first: date, after: date) -> dict[TypeDay, int]:
    """How many legs and messages wait for a type, by the day on which they began."""
    table = tables.open_items
    if connection.dialect.name == "postgresql":
        names = func.jsonb_array_elements_text(table.c.unclosed).table_valued(column("value", String))
    else:
        names = func.json_each(table.c.unclosed).table_valued(column("value", String))
    day = utc_day_text(connection, table.c.started_at)
    query = (
        select(names.c.value, day.label("day"), func.count().label("item_count"))
        .select_from(table)
        .join(names, onclause=true())
        .where(table.c.started_at >= start_of_day(first), table.c.started_at < start_of_day(after))
        .group_by(names.c.value, day)
    )
    return {(row.value, date.fromisoformat(row.day)): row.item_count for row in connection.execute(query)}


def _complete_days(connection: Connection, first: date, after: date) -> dict[TypeDay, datetime]:
    table = tables.sweeps
    spans = (table.c.record_type, table.c.first_day, table.c.after_day)
    query = (
        select(*spans, func.max(table.c.read_at).label("read_at"))
        .where(
            table.c.first_day.is_not(None),
            table.c.first_day < after,
            table.c.after_day > first,
            table.c.held_count == table.c.total_results,
            table.c.is_proven,
        )
        .group_by(*spans)
    )
    complete: dict[TypeDay, datetime] = {}
    for row in connection.execute(query):
        day = max(first, row.first_day)
        while day < min(after, row.after_day):
            key = (row.record_type, day)
            complete[key] = max(complete.get(key, row.read_at), row.read_at)
            day += _DAY
    return complete
