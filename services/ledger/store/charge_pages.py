"""Reading charges a page at a time, by keyset: every page costs the same, however deep."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from services.common.value_lists import is_among
from services.ledger import tables
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import ORDERS, Order, OrderName, Place
from services.ledger.store.charge_walks import Walk, walks
from services.ledger.store.text_search import Sought, seek

_NOT_LISTED = frozenset({"metadata", "cost", "cluster_id", "settled_at", "created_at", "updated_at"})
"""Of no use to a listing: to decode them takes more time than everything else about a large page."""


def list_charges(
    connection: Connection,
    wanted: ChargeFilter,
    page_size: int,
    cursor: str,
    order_name: OrderName = "newest",
) -> tuple[list[Any], str]:
    """(rows of telnyx_billing, cursor of the next page or "").

    A charge whose place in the order changes between two pages may be missed or come twice; no other does. Raises
    InvalidInput on `cursor` for a foreign one or one of another order, and on `text` as `seek` does.
    """
    order = ORDERS[order_name]
    place = order.read_cursor(cursor) if cursor else None
    limit = page_size + 1
    found = [
        here
        for sought in seek(connection, wanted)
        for here in _places(connection, sought, order, place, limit)
    ]
    found.sort(key=lambda here: (here.key, here.row_id), reverse=order.is_descending)
    rows = _rows(connection, found[:page_size])
    return rows, order.write_cursor(found[page_size - 1]) if len(found) > page_size else ""


def _places(
    connection: Connection, sought: Sought, order: Order, place: Place | None, limit: int
) -> list[Place]:
    """The first `limit` places of a question behind `place`, and perhaps some more."""
    found: list[Place] = []
    for walk in walks(connection, sought, order, place, limit):
        found += _walked(connection, walk, order, limit)
        if order.is_by_time and len(found) >= limit:
            break
    return found


def _walked(connection: Connection, walk: Walk, order: Order, limit: int) -> Iterable[Place]:
    table = tables.billing
    query = select(order.column, table.c.id).where(*walk.conditions)
    query = query.order_by(*order.keys(must_sort=walk.must_sort)).limit(limit)
    if walk.index:
        query = query.with_hint(table, f"INDEXED BY {walk.index}", "sqlite")
    return [Place(key, row_id) for key, row_id in connection.execute(query)]


def _rows(connection: Connection, places: list[Place]) -> list[Any]:
    if not places:
        return []
    table = tables.billing
    ids = [place.row_id for place in places]
    columns = [column for column in table.columns if column.name not in _NOT_LISTED]
    rows = {row.id: row for row in connection.execute(select(*columns).where(is_among(table.c.id, ids)))}
    return [rows[row_id] for row_id in ids]
