"""Charges, their parts and detail records, added up anew by the store itself: what the kept sums must say."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from services.ledger import tables
from services.ledger.store.day_texts import utc_day_text
from services.ledger.store.record_times import INDEX_HINT, times_within
from services.ledger.store.rollups import FLOOR_PART, charge_type

_CHARGES = tables.billing
_PARTS = tables.billing_parts
_RECORDS = tables.detail_records

Moments = tuple[datetime, datetime]
"""From the first until before the second."""

ChargeSums = tuple[str, str, str, str, list[int]]
"""(phone number, day, type, currency, [cost, exact cost, count, exact count])"""


def sums_of_charges(connection: Connection, moments: Moments) -> Iterator[ChargeSums]:
    """Of all charges that are listed."""
    yield from _summed(connection, moments, _CHARGES.c.cost_nanos, func.count())


def sums_of_parts(connection: Connection, moments: Moments) -> Iterator[tuple[str, ChargeSums]]:
    """Each part, and as the floor what no part explains."""
    ids = func.count(_CHARGES.c.id.distinct())
    lines = _CHARGES.join(_PARTS, _PARTS.c.billing_id == _CHARGES.c.id)
    keys = (_PARTS.c.record_type,)
    for *found, part in _rows(connection, moments, _PARTS.c.cost_nanos, ids, source=lines, more=keys):
        yield part, _charge_sums(found)
    explained = select(func.coalesce(func.sum(_PARTS.c.cost_nanos), 0)).where(
        _PARTS.c.billing_id == _CHARGES.c.id
    )
    rest = _CHARGES.c.cost_nanos - explained.scalar_subquery()
    for sums in _summed(connection, moments, rest, func.count(), rest != 0):
        yield FLOOR_PART, sums


def _summed(
    connection: Connection,
    moments: Moments,
    nanos: ColumnElement[int],
    count: ColumnElement[int],
    *conditions: ColumnElement[bool],
) -> Iterator[ChargeSums]:
    for row in _rows(connection, moments, nanos, count, *conditions, source=_CHARGES):
        yield _charge_sums(row)


def _rows(
    connection: Connection,
    moments: Moments,
    nanos: ColumnElement[int],
    count: ColumnElement[int],
    *conditions: ColumnElement[bool],
    source: Any,
    more: Sequence[ColumnElement[str]] = (),
) -> Iterator[Any]:
    keys = (
        _CHARGES.c.phone_number,
        utc_day_text(connection, _CHARGES.c.billing_date),
        _CHARGES.c.record_type,
        _CHARGES.c.direction,
        _CHARGES.c.currency,
        _CHARGES.c.settled_at.is_not(None),
    )
    start, end = moments
    query = (
        select(*keys, func.sum(nanos), count, *more)
        .select_from(source)
        .where(
            _CHARGES.c.merged_into.is_(None),
            _CHARGES.c.billing_date >= start,
            _CHARGES.c.billing_date < end,
            *conditions,
        )
        .group_by(*keys, *more)
    )
    yield from connection.execute(query)


def _charge_sums(row: Sequence[Any]) -> ChargeSums:
    number, day, kind, direction, currency, is_exact, nanos, count = row
    sums = [int(nanos), int(nanos) * is_exact, int(count), int(count) * is_exact]
    return number, day, charge_type(kind, direction), currency, sums


def record_moment() -> ColumnElement[datetime]:
    """The time field of a record's type, else when it was first seen."""
    return func.coalesce(_RECORDS.c.record_time, _RECORDS.c.first_observed_at)


def sums_of_records(connection: Connection, moments: Moments) -> dict[tuple[str, ...], list[int]]:
    """By type, day and currency: [cost, count, how many of them are unreadable]."""
    day = utc_day_text(connection, record_moment())
    keys = (_RECORDS.c.record_type, day, _RECORDS.c.currency)
    unreadable = case((_RECORDS.c.is_unreadable, 1), else_=0)
    # By type first, as they are indexed.
    types = connection.execute(select(_RECORDS.c.record_type).distinct()).scalars().all()
    sums: dict[tuple[str, ...], list[int]] = {}
    for is_within in times_within(*moments):
        query = (
            select(*keys, func.sum(_RECORDS.c.cost_nanos), func.count(), func.sum(unreadable))
            .where(_RECORDS.c.record_type.in_(types), is_within)
            .group_by(*keys)
            .with_hint(_RECORDS, INDEX_HINT, "sqlite")
        )
        for *key, nanos, count, unreadable_count in connection.execute(query):
            found = [int(nanos), int(count), int(unreadable_count)]
            sums[tuple(key)] = list(map(int.__add__, sums.get(tuple(key), [0, 0, 0]), found))
    return sums
