"""Trying the beginning of an order by cost or duration, before all charges of a range are sorted by it.

In a large book a month has hundreds of thousands of charges, and to sort them for one page takes as long. But where
those that match lie among the others as most do, a page of them is found within the first few thousand of the order.
How many that should be follows from the counts; if it does not come true, little is lost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, and_, func, select

from services.ledger import tables
from services.ledger.store.charge_counts import TypeCount
from services.ledger.store.charge_filters import ChargeFilter, listed
from services.ledger.store.charge_orders import Order, Place

_LEEWAY = 4
"""So many times what an even spread would take is tried."""
_LEAST = 500
_DEEPER = 16
"""A second time, so many times as far: estimates are dearer than most exact costs, and stand before them."""
_WORTH = 3
"""An entry that is tried takes as long as so many that are sorted."""
_TOLD = ("id", "billing_date", "phone_number", "record_type", "direction", "status", "merged_into")

Counts = Mapping[str, TypeCount]


@dataclass(frozen=True, slots=True)
class Try:
    """The first `depth` charges of one type in an order."""

    of_type: ColumnElement[bool]
    depth: int


def tries(matching: Mapping[str, int], of_all: Counts, limit: int, most: int) -> list[Try]:
    """What to try for `limit` charges of those `matching`, by type; nothing where to sort `most` takes no longer."""
    made = []
    for name, count in matching.items():
        depth = _LEEWAY * limit * of_all[name].ever // count + _LEAST
        made += [Try(of_type, depth) for of_type in conditions_of(name)]
    return made if sum(each.depth for each in made) * _WORTH < most else []


def found_by_trying(
    connection: Connection,
    wanted: ChargeFilter,
    order: Order,
    place: Place | None,
    limit: int,
    made: list[Try],
) -> list[int] | None:
    """The ids of the first `limit` charges of each type behind `place`; None where no try reached so many."""
    found: list[int] = []
    for each in made:
        for tried in (each, replace(each, depth=_DEEPER * each.depth)):
            ids = _ids(connection, wanted, order, place, limit, tried)
            if ids is not None:
                break
        else:
            return None
        found += ids
    return found


def _ids(
    connection: Connection, wanted: ChargeFilter, order: Order, place: Place | None, limit: int, tried: Try
) -> list[int] | None:
    """The first `limit` that match, or all there are; None where there may be more beyond the depth."""
    table = tables.billing
    behind = [order.behind(place)] if place is not None else []
    columns = [column for column in table.columns if column.name in (*_TOLD, order.column.name)]
    first = (
        select(*columns)
        .where(tried.of_type, *behind)
        .order_by(*order.keys())
        .limit(tried.depth)
        .with_hint(table, f"INDEXED BY {order.index}", "sqlite")
        .subquery("tried")
    )
    keys = (first.c[order.column.name], first.c.id)
    in_order = [key.desc() for key in keys] if order.is_descending else list(keys)
    query = select(first.c.id).where(*listed(wanted, first)).order_by(*in_order).limit(limit)
    ids = list(connection.execute(query).scalars())
    if len(ids) == limit:
        return ids
    count: int = connection.execute(select(func.count()).select_from(first)).scalar_one()
    return ids if count < tried.depth else None


def conditions_of(name: str) -> Iterator[ColumnElement[bool]]:
    """A type as the indexes by amount have it. What is no call and no message has any direction, or none."""
    table = tables.billing
    kind, _, direction = name.partition("_")
    for way in [direction] if direction else ["", "inbound", "outbound"]:
        yield and_(table.c.record_type == kind, table.c.direction == way)
