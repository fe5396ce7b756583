"""Holding the kept sums against what they sum, added up anew by the store itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, select

from services.common.money import plain_decimal
from services.common.phone_masks import mask_numbers
from services.ledger import tables
from services.ledger.findings import Finding
from services.ledger.store.added_sums import (
    Moments,
    record_moment,
    sums_of_charges,
    sums_of_parts,
    sums_of_records,
)
from services.ledger.store.day_texts import day_text, utc_day_text
from services.ledger.store.rollups import WHOLE

Key = tuple[str, ...]
Sums = dict[Key, list[int]]

_CHARGE_TABLES = (tables.number_rollups, tables.part_rollups, tables.day_rollups)
_CHARGES_AT_ONCE = 50_000
_DAYS_AT_ONCE = 31


def stretches_of_days(connection: Connection) -> list[tuple[str, str, int]]:
    """(first day, last day, how many days): all days with charges, records or sums, in stretches of bounded size."""
    day = utc_day_text(connection, tables.billing.c.billing_date)
    rows = connection.execute(select(day, func.count()).group_by(day))
    counted: dict[str, int] = {text: count for text, count in rows}  # noqa: C416 - rows are no pairs to mypy
    day = utc_day_text(connection, record_moment())
    known = [select(day).distinct()]
    known += [select(day_text(connection, table.c.day)).distinct() for table in _CHARGE_TABLES]
    known.append(select(day_text(connection, tables.record_rollups.c.day)).distinct())
    for query in known:
        for text in connection.execute(query).scalars():
            counted.setdefault(text, 0)
    return list(_stretches(sorted(counted.items())))


def _stretches(days: Sequence[tuple[str, int]]) -> Iterator[tuple[str, str, int]]:
    start = charges = 0
    for position, (_, count) in enumerate(days):
        if position > start and (charges + count > _CHARGES_AT_ONCE or position - start >= _DAYS_AT_ONCE):
            yield days[start][0], days[position - 1][0], position - start
            start, charges = position, 0
        charges += count
    if days:
        yield days[start][0], days[-1][0], len(days) - start


def prove_days(connection: Connection, first_day: str, last_day: str) -> list[Finding]:
    """What is wrong with the sums of these days. The connection must see one moment."""
    first, last = date.fromisoformat(first_day), date.fromisoformat(last_day)
    moments = _moments(first, last)
    of_numbers: Sums = {}
    of_parts: Sums = {}
    of_days: Sums = {}
    for number, day, kind, currency, sums in sums_of_charges(connection, moments):
        _add(of_numbers, (number, kind, currency, day), sums)
        _add(of_days, (day, kind, WHOLE, currency), sums)
    for part, (number, day, kind, currency, sums) in sums_of_parts(connection, moments):
        _add(of_parts, (number, day, kind, part, currency), sums)
        _add(of_days, (day, kind, part, currency), sums)
    wanted = (
        (tables.number_rollups, of_numbers),
        (tables.part_rollups, of_parts),
        (tables.day_rollups, of_days),
        (tables.record_rollups, sums_of_records(connection, moments)),
    )
    return [
        finding for table, sums in wanted for finding in _differences(connection, table, sums, first, last)
    ]


def _moments(first: date, last: date) -> Moments:
    """From the beginning of one day until before the end of another."""
    start = datetime.combine(first, time(), UTC)
    return start, datetime.combine(last, time(), UTC) + timedelta(days=1)


def _add(sums: Sums, key: Key, amounts: Iterable[int]) -> None:
    before = sums.get(key)
    sums[key] = list(amounts) if before is None else list(map(int.__add__, before, amounts))


def _differences(
    connection: Connection, table: Table, wanted: Mapping[Key, list[int]], first: date, last: date
) -> Iterator[Finding]:
    keys = [column for column in table.primary_key if column.name != "slot"]
    names = [column.name for column in table.columns if not column.primary_key]
    told = [day_text(connection, key) if key.name == "day" else key for key in keys]
    query = select(*told, *(func.sum(table.c[name]) for name in names))
    query = query.where(table.c.day >= first, table.c.day <= last).group_by(*keys)
    kept = {
        tuple(row[: len(keys)]): [int(value) for value in row[len(keys) :]]
        for row in connection.execute(query)
    }
    nothing = [0] * len(names)
    for key in sorted(kept.keys() | wanted.keys()):
        kept_sums, wanted_sums = kept.get(key, nothing), wanted.get(key, nothing)
        if kept_sums != wanted_sums:
            yield _finding(table, keys, key, names, kept_sums, wanted_sums)


def _finding(
    table: Table, keys: Sequence[Any], key: Key, names: Sequence[str], kept: list[int], wanted: list[int]
) -> Finding:
    told = dict(zip((column.name for column in keys), key, strict=True))
    day = told.pop("day")
    which = mask_numbers(" ".join(value for value in told.values() if value))
    wrong = [
        f"{name} {_plain(name, has)} instead of {_plain(name, should)}"
        for name, has, should in zip(names, kept, wanted, strict=True)
        if has != should
    ]
    return Finding("sums", day, f"{table.name}, {which}: {', '.join(wrong)}")


def _plain(name: str, value: int) -> str:
    return plain_decimal(value) if name.endswith("_nanos") else str(value)
