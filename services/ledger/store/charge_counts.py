"""How many charges a filter lets through, as the rollups tell it: known before a single charge is read.

Days are whole here; a range that begins or ends inside a day counts all of that day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, select, true

from services.common.times import utc_day
from services.ledger import tables
from services.ledger.store.charge_filters import ChargeFilter, charge_types
from services.ledger.store.rollups import WHOLE

_DAYS = tables.day_rollups
_NUMBERS = tables.number_rollups


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Charges of one type: those in the range that match, all in the range, the estimated of them, and all ever."""

    matching: int
    in_range: int
    estimated: int
    ever: int


def count_matching(connection: Connection, wanted: ChargeFilter) -> int:
    """How many charges match, text aside."""
    table, conditions = _counted(wanted)
    query = select(func.sum(_matching(table, wanted))).where(*conditions, *in_days(table, wanted))
    return int(connection.execute(query).scalar() or 0)


def days_with_matches(
    connection: Connection, wanted: ChargeFilter, *, is_descending: bool
) -> Iterator[tuple[date, int]]:
    """The days on which charges match, in order, with how many."""
    table, conditions = _counted(wanted)
    count = func.sum(_matching(table, wanted))
    query = (
        select(table.c.day, count)
        .where(*conditions, *in_days(table, wanted))
        .group_by(table.c.day)
        .having(count > 0)
        .order_by(table.c.day.desc() if is_descending else table.c.day)
    )
    with connection.execute(query) as rows:
        for day, matching in rows:
            yield day, int(matching)


def count_by_type(
    connection: Connection, wanted: ChargeFilter, phone_number: str | None
) -> dict[str, TypeCount]:
    """Counts of each type, of one number or of all; of the filter only its range, types and status are heeded."""
    table, is_counted = _scope(phone_number)
    is_in_range = and_(true(), *in_days(table, wanted))
    estimated = table.c.charge_count - table.c.exact_count
    counts = (_matching(table, wanted), table.c.charge_count, estimated)
    query = (
        select(
            table.c.record_type,
            *(func.sum(case((is_in_range, count), else_=0)) for count in counts),
            func.sum(table.c.charge_count),
        )
        .where(is_counted)
        .group_by(table.c.record_type)
    )
    types = charge_types(wanted)
    return {
        name: TypeCount(int(matching) if name in types else 0, *map(int, others))
        for name, matching, *others in connection.execute(query)
    }


def in_days(table: Table, wanted: ChargeFilter) -> list[ColumnElement[bool]]:
    """The range as conditions on the days of a rollup, the broken days at its ends included."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.from_at is not None:
        conditions.append(table.c.day >= utc_day(wanted.from_at))
    if wanted.to_at is not None:
        conditions.append(table.c.day <= utc_day(wanted.to_at))
    return conditions


def _counted(wanted: ChargeFilter) -> tuple[Table, list[ColumnElement[bool]]]:
    table, is_counted = _scope(wanted.phone_number)
    return table, [is_counted, table.c.record_type.in_(charge_types(wanted))]


def _scope(phone_number: str | None) -> tuple[Table, ColumnElement[bool]]:
    if phone_number is None:
        return _DAYS, _DAYS.c.part == WHOLE
    return _NUMBERS, _NUMBERS.c.phone_number == phone_number


def _matching(table: Table, wanted: ChargeFilter) -> ColumnElement[int]:
    match wanted.status:
        case "exact":
            return table.c.exact_count
        case "estimated":
            return table.c.charge_count - table.c.exact_count
        case None:
            return table.c.charge_count
