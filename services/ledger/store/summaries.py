"""Sums over charges: whole days from the rollups, the broken days at both ends from the charges themselves."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, case, func, literal, select

from services.common.times import utc_day
from services.ledger import tables
from services.ledger.store.charge_filters import ChargeFilter, listed
from services.ledger.store.rollups import charge_type

Grouping = Literal["day", "number", "recordType", "part"]
FLOOR_KEY = "estimate"
"""The group, by part, of what no part explains: estimates, and costs that came as one sum."""

_ONE_DAY = timedelta(days=1)


@dataclass(slots=True)
class Totals:
    """Sums in one currency, in nanos. `by_kind` has call, sms and other."""

    total_nanos: int = 0
    exact_nanos: int = 0
    count: int = 0
    by_kind: dict[str, int] = field(default_factory=lambda: {"call": 0, "sms": 0, "other": 0})

    def add(self, kind: str, nanos: int, exact_nanos: int, count: int) -> None:
        self.total_nanos += nanos
        self.exact_nanos += exact_nanos
        self.count += count
        self.by_kind[kind] += nanos

    def add_all(self, other: "Totals") -> None:
        self.total_nanos += other.total_nanos
        self.exact_nanos += other.exact_nanos
        self.count += other.count
        for kind, nanos in other.by_kind.items():
            self.by_kind[kind] += nanos


Sums = dict[str, dict[str, Totals]]
"""Totals by group key, then by currency; the key is "" without grouping."""


def summarize(connection: Connection, wanted: ChargeFilter, grouping: Grouping | None) -> Sums:
    """Sums over every charge that matches, by group."""
    if grouping == "part":
        return _by_part(connection, wanted)
    sums: Sums = defaultdict(lambda: defaultdict(Totals))
    for row in _rows(connection, wanted):
        kind = row.record_type.split("_")[0]
        key = {"day": row.day.isoformat(), "number": row.phone_number, "recordType": row.record_type}
        totals = sums[key[grouping] if grouping else ""][row.currency]
        if wanted.status == "exact":
            totals.add(kind, row.exact_nanos, row.exact_nanos, row.exact_count)
        elif wanted.status == "estimated":
            totals.add(kind, row.cost_nanos - row.exact_nanos, 0, row.charge_count - row.exact_count)
        else:
            totals.add(kind, row.cost_nanos, row.exact_nanos, row.charge_count)
    return _without_empty(sums)


@dataclass(frozen=True, slots=True)
class _Row:
    day: date
    phone_number: str
    record_type: str
    currency: str
    cost_nanos: int
    exact_nanos: int
    charge_count: int
    exact_count: int


def _rows(connection: Connection, wanted: ChargeFilter) -> Iterator[_Row]:
    first_whole = _first_whole_day(wanted.from_at)
    after_whole = utc_day(wanted.to_at) if wanted.to_at is not None else None
    if first_whole is not None and after_whole is not None and first_whole > after_whole:
        yield from _from_charges(connection, wanted, after_whole)
        return
    if wanted.from_at is not None and first_whole is not None and _midnight(first_whole) > wanted.from_at:
        head = replace(wanted, to_at=_midnight(first_whole))
        yield from _from_charges(connection, head, utc_day(wanted.from_at))
    yield from _from_rollups(connection, wanted, first_whole, after_whole)
    if wanted.to_at is not None and after_whole is not None and wanted.to_at > _midnight(after_whole):
        tail = replace(wanted, from_at=_midnight(after_whole))
        yield from _from_charges(connection, tail, after_whole)


def _first_whole_day(from_at: datetime | None) -> date | None:
    if from_at is None:
        return None
    day = utc_day(from_at)
    return day if _midnight(day) == from_at or day == date.max else day + _ONE_DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _from_rollups(
    connection: Connection, wanted: ChargeFilter, first_day: date | None, after: date | None
) -> Iterator[_Row]:
    table = tables.charge_rollups
    keys = (table.c.day, table.c.phone_number, table.c.record_type, table.c.currency)
    sums = (table.c.cost_nanos, table.c.exact_nanos, table.c.charge_count, table.c.exact_count)
    query = select(*keys, *(func.sum(column) for column in sums)).group_by(*keys)
    if first_day is not None:
        query = query.where(table.c.day >= first_day)
    if after is not None:
        query = query.where(table.c.day < after)
    if wanted.phone_number is not None:
        query = query.where(table.c.phone_number == wanted.phone_number)
    if wanted.kind is not None:
        names = sorted({charge_type(wanted.kind, direction) for direction in ("inbound", "outbound")})
        query = query.where(table.c.record_type.in_(names))
    for row in connection.execute(query):
        yield _Row(*row[:4], *map(int, row[4:]))


def _from_charges(connection: Connection, wanted: ChargeFilter, day: date) -> Iterator[_Row]:
    """Charges of a part of one UTC day."""
    table = tables.billing
    keys = (table.c.phone_number, table.c.record_type, table.c.direction, table.c.currency)
    exact = case((table.c.status == "exact", 1), else_=0)
    sums = (
        func.sum(table.c.cost_nanos),
        func.sum(exact * table.c.cost_nanos),
        func.count(),
        func.sum(exact),
    )
    conditions = listed(replace(wanted, status=None))
    for row in connection.execute(select(*keys, *sums).where(*conditions).group_by(*keys)):
        yield _Row(day, row[0], charge_type(row[1], row[2]), row[3], *map(int, row[4:]))


def _by_part(connection: Connection, wanted: ChargeFilter) -> Sums:
    charges, parts = tables.billing, tables.billing_parts
    keys = (charges.c.record_type.label("kind"), charges.c.currency, charges.c.status)
    explained = (
        select(
            *keys,
            parts.c.record_type,
            func.sum(parts.c.cost_nanos),
            func.count(parts.c.billing_id.distinct()),
        )
        .join_from(charges, parts, parts.c.billing_id == charges.c.id)
        .where(*listed(wanted))
        .group_by(*keys, parts.c.record_type)
    )
    of_charge = (
        select(parts.c.billing_id, func.sum(parts.c.cost_nanos).label("nanos"))
        .group_by(parts.c.billing_id)
        .subquery()
    )
    rest = charges.c.cost_nanos - func.coalesce(of_charge.c.nanos, 0)
    unexplained = (
        select(*keys, literal(FLOOR_KEY), func.sum(rest), func.count())
        .join_from(charges, of_charge, of_charge.c.billing_id == charges.c.id, isouter=True)
        .where(*listed(wanted), rest != 0)
        .group_by(*keys)
    )
    sums: Sums = defaultdict(lambda: defaultdict(Totals))
    for query in (explained, unexplained):
        for kind, currency, status, key, nanos, count in connection.execute(query):
            sums[key][currency].add(kind, int(nanos), int(nanos) if status == "exact" else 0, count)
    return _without_empty(sums)


def _without_empty(sums: Any) -> Sums:
    kept = {
        key: {currency: totals for currency, totals in of_key.items() if totals.count or totals.total_nanos}
        for key, of_key in sums.items()
    }
    return {key: of_key for key, of_key in kept.items() if of_key}
