"""Sums as the store adds them up: from the rollups for whole days, from the charges and their parts for the rest."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    Table,
    case,
    func,
    literal,
    select,
)

from services.ledger import tables
from services.ledger.store.charge_filters import ChargeFilter, charge_types
from services.ledger.store.charge_walks import index_of
from services.ledger.store.day_texts import DayUnit, day_text, utc_day_text
from services.ledger.store.rollups import FLOOR_PART, WHOLE, charge_type
from services.ledger.store.summed_numbers import summed_numbers
from services.ledger.store.text_search import Sought

Grouping = Literal["day", "number", "recordType", "part", "dayAndPart", "weekAndPart", "monthAndPart"]

_UNITS: Mapping[Grouping | None, DayUnit] = {"weekAndPart": "week", "monthAndPart": "month"}
_SUMS = ("cost_nanos", "exact_nanos", "charge_count", "exact_count")


class SumRow(NamedTuple):
    """Sums of one type in one currency: (cost, exact cost, count, exact count), costs in nanos.

    `day`, `phone_number` and `part` are "" where the grouping does not ask for them. Of a week or a month `day` is the
    first.
    """

    record_type: str
    currency: str
    sums: tuple[int, int, int, int]
    day: str = ""
    phone_number: str = ""
    part: str = ""


def sums_of_days(
    connection: Connection,
    wanted: ChargeFilter,
    grouping: Grouping | None,
    first_day: date | None,
    after: date | None,
) -> Iterator[SumRow]:
    """From the rollups: of days from `first_day` until before `after`. The status of the filter is not heeded."""
    table, conditions = _rollup(wanted, grouping)
    names = _asked(grouping)
    keys = [table.c[name] for name in ("record_type", "currency", *names)]
    told = [day_text(connection, key, _unit(grouping)) if key.name == "day" else key for key in keys]
    conditions.append(table.c.record_type.in_(charge_types(wanted)))
    span = _between(table, first_day, after)
    if grouping == "number" and wanted.phone_number is None and span:
        conditions += _by_steps(table, _between(tables.day_rollups, first_day, after))
    conditions += span
    # Days themselves are already grouped, or sort faster than texts.
    groups = keys if _unit(grouping) == "day" else told
    query = select(*told, *(func.sum(table.c[name]) for name in _SUMS)).where(*conditions).group_by(*groups)
    for record_type, currency, *asked, nanos, exact_nanos, count, exact_count in connection.execute(query):
        sums = int(nanos), int(exact_nanos), int(count), int(exact_count)
        yield SumRow(record_type, currency, sums, **dict(zip(names, asked, strict=True)))


def _between(table: Table, first_day: date | None, after: date | None) -> list[ColumnElement[bool]]:
    from_first = [] if first_day is None else [table.c.day >= first_day]
    return from_first if after is None else [*from_first, table.c.day < after]


def _by_steps(numbers: Table, days: list[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """Every number and currency by name, so that of each the days of the range alone are read."""
    currencies = select(tables.day_rollups.c.currency).where(*days).distinct()
    return [numbers.c.phone_number.in_(summed_numbers()), numbers.c.currency.in_(currencies)]


def _rollup(wanted: ChargeFilter, grouping: Grouping | None) -> tuple[Table, list[ColumnElement[bool]]]:
    """The smallest table that can answer."""
    is_by_part = asks_for_parts(grouping)
    if wanted.phone_number is None and grouping != "number":
        table = tables.day_rollups
        return table, [table.c.part != WHOLE if is_by_part else table.c.part == WHOLE]
    table = tables.part_rollups if is_by_part else tables.number_rollups
    return table, [] if wanted.phone_number is None else [table.c.phone_number == wanted.phone_number]


def asks_for_parts(grouping: Grouping | None) -> bool:
    """Whether a charge counts in several groups: in that of each of its parts."""
    return "part" in _asked(grouping)


def _unit(grouping: Grouping | None) -> DayUnit:
    return _UNITS.get(grouping, "day")


def _asked(grouping: Grouping | None) -> Sequence[str]:
    match grouping:
        case "day":
            return ("day",)
        case "number":
            return ("phone_number",)
        case "part":
            return ("part",)
        case "dayAndPart" | "weekAndPart" | "monthAndPart":
            return ("day", "part")
        case "recordType" | None:
            return ()


def sums_of_charges(connection: Connection, sought: Sought, grouping: Grouping | None) -> Iterator[SumRow]:
    """From the charges themselves."""
    charges = _charges(connection, sought, grouping)
    if not asks_for_parts(grouping):
        yield from _summed(connection, charges, grouping)
        return
    yield from _summed(connection, _lines(charges), grouping)
    yield from _summed(connection, _rest(charges), grouping)


def _charges(connection: Connection, sought: Sought, grouping: Grouping | None) -> Subquery:
    """One row for each charge, with as much of it as the grouping asks for, and its cost as `nanos`."""
    table = tables.billing
    columns = [table.c.id, table.c.record_type, table.c.direction, table.c.currency, table.c.status]
    day = utc_day_text(connection, table.c.billing_date, _unit(grouping))
    asked = {"day": day, "phone_number": table.c.phone_number}
    more = [column.label(name) for name, column in asked.items() if name in _asked(grouping)]
    query = select(*columns, *more, table.c.cost_nanos.label("nanos")).where(*sought.conditions(connection))
    if index := index_of(sought):
        query = query.with_hint(table, f"INDEXED BY {index}", "sqlite")
    return query.subquery()


def _lines(charges: Subquery) -> Subquery:
    """One row for each part of each charge."""
    parts = tables.billing_parts
    kept = [column for column in charges.c if column.name != "nanos"]
    return (
        select(*kept, parts.c.record_type.label("part"), func.sum(parts.c.cost_nanos).label("nanos"))
        .join_from(charges, parts, parts.c.billing_id == charges.c.id)
        .group_by(*kept, parts.c.record_type)
        .subquery()
    )


def _rest(charges: Subquery) -> Subquery:
    """One row for each charge of which its parts do not explain everything, with what is left."""
    parts = tables.billing_parts
    explained = (
        select(func.sum(parts.c.cost_nanos)).where(parts.c.billing_id == charges.c.id).scalar_subquery()
    )
    kept = [column for column in charges.c if column.name != "nanos"]
    rest = (charges.c.nanos - func.coalesce(explained, 0)).label("nanos")
    of_each = select(*kept, literal(FLOOR_PART).label("part"), rest).subquery()
    return select(of_each).where(of_each.c.nanos != 0).subquery()


def _summed(connection: Connection, rows: Subquery, grouping: Grouping | None) -> Iterator[SumRow]:
    names = _asked(grouping)
    keys = [rows.c[name] for name in ("record_type", "direction", "currency", *names)]
    exact = case((rows.c.status == "exact", 1), else_=0)
    sums = (func.sum(rows.c.nanos), func.sum(exact * rows.c.nanos), func.count(), func.sum(exact))
    query = select(*keys, *sums).group_by(*keys)
    for kind, direction, currency, *asked, nanos, exact_nanos, count, exact_count in connection.execute(
        query
    ):
        four = int(nanos), int(exact_nanos), int(count), int(exact_count)
        yield SumRow(charge_type(kind, direction), currency, four, **dict(zip(names, asked, strict=True)))
