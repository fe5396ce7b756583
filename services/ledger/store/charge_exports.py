"""Charges as lines of CSV, a large page at a time.

By keyset, as all pages: an export takes minutes where whoever reads it is slow, and a transaction that long would keep
SQLite from clearing its write-ahead log. Within a page, rows become lines a slice at a time: what is in memory are the
bytes of a page and the rows of a slice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, case, select, union_all

from services.common.value_lists import is_among
from services.ledger import tables
from services.ledger.csv_lines import charge_lines
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import ORDERS, Order, OrderName, Place
from services.ledger.store.charge_walks import Walk, walks_of_long_page
from services.ledger.store.moment_texts import rfc3339_text
from services.ledger.store.text_search import seek

PAGE_SIZE = 20_000

_SLICE_SIZE = 2_000
"""Some 300 KB of lines, made in a few milliseconds in which no other thread runs."""

_MOST_PAGE_BYTES = 16 * 1024 * 1024
_MOST_CHUNK_BYTES = 4 * 1024 * 1024
"""Usual lines come nowhere near. What others wrote can be long, and neither memory nor a message has room for all."""

_Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Whole lines in chunks, and the place behind which the next page begins; None if there is none."""

    lines: Sequence[bytes]
    end: Place | None


def export_page(
    connection: Connection, wanted: ChargeFilter, order_name: OrderName, place: Place | None
) -> ExportPage:
    """The lines behind a place. A charge whose place changes between two pages may be missed or come twice.

    The connection must see one moment. Raises InvalidInput on `text` as `seek` does.
    """
    order = ORDERS[order_name]
    walks = [
        walk
        for sought in seek(connection, wanted)
        for walk in walks_of_long_page(connection, sought, order, place, PAGE_SIZE)
    ]
    page: list[bytes] = []
    row_count, byte_count = 0, 0
    for rows in _slices(connection, walks, order):
        chunks = _chunks(rows)
        page += chunks
        row_count += len(rows)
        byte_count += sum(map(len, chunks))
        if row_count == PAGE_SIZE or byte_count > _MOST_PAGE_BYTES:
            return ExportPage(page, _place_of(connection, order, row_id=rows[-1][-1]))
    return ExportPage(page, None)


def _chunks(rows: _Rows) -> list[bytes]:
    *cells, _ = zip(*rows, strict=True)
    lines = charge_lines(cells)
    if len(lines) <= _MOST_CHUNK_BYTES or len(rows) == 1:
        return [lines]
    middle = len(rows) // 2
    return [*_chunks(rows[:middle]), *_chunks(rows[middle:])]


def _slices(connection: Connection, walks: Sequence[Walk], order: Order) -> Iterator[_Rows]:
    """Rows of the cells of a line and the charge's id, in order, PAGE_SIZE of them at the most."""
    if len(walks) == 1 and not walks[0].must_sort:
        [walk] = walks
        query = _walked(walk, *_cells(connection), tables.billing.c.id).order_by(*order.keys())
        return _from_driver(connection, query.limit(PAGE_SIZE))
    return _with_ids(connection, _first_ids(connection, walks, order) if walks else [])


def _first_ids(connection: Connection, walks: Sequence[Walk], order: Order) -> Sequence[int]:
    """Of several walks at once: the stores go along all of them side by side, no further than they must."""
    row_id = tables.billing.c.id
    places = union_all(
        *(_walked(walk, order.key(must_sort=walk.must_sort).label("key"), row_id) for walk in walks)
    )
    keys = [key.desc() if order.is_descending else key for key in places.selected_columns]
    rows = _from_driver(connection, places.order_by(*keys).limit(PAGE_SIZE))
    return [place[-1] for slice_ in rows for place in slice_]


def _walked(walk: Walk, *columns: ColumnElement[Any]) -> Select[Any]:
    query = select(*columns).where(*walk.conditions)
    return query.with_hint(tables.billing, f"INDEXED BY {walk.index}", "sqlite") if walk.index else query


def _with_ids(connection: Connection, ids: Sequence[int]) -> Iterator[_Rows]:
    row_id = tables.billing.c.id
    query = select(*_cells(connection), row_id)
    for start in range(0, len(ids), _SLICE_SIZE):
        wanted = ids[start : start + _SLICE_SIZE]
        [rows] = _from_driver(connection, query.where(is_among(row_id, wanted)))
        of_id = {row[-1]: row for row in rows}
        yield [of_id[charge_id] for charge_id in wanted]


def _from_driver(connection: Connection, query: Select[Any] | CompoundSelect[Any]) -> Iterator[_Rows]:
    """Rows as the driver has them: what SQLAlchemy makes of each takes half as long as all the rest."""
    with connection.execute(query) as result:
        cursor = result.cursor
        while cursor is not None and (rows := cursor.fetchmany(_SLICE_SIZE)):
            yield rows


def _cells(connection: Connection) -> list[ColumnElement[Any]]:
    """What `charge_lines` takes, in its order."""
    columns = tables.billing.c
    # A call or a message whose direction nobody told counts as outbound.
    typed = columns.record_type + "_" + case((columns.direction == "", "outbound"), else_=columns.direction)
    return [
        columns.record_id,
        case((columns.record_type == "other", columns.record_type), else_=typed),
        columns.phone_number,
        columns.contact,
        rfc3339_text(connection, columns.billing_date),
        columns.duration,
        columns.cost_nanos,
        columns.currency,
        columns.status,
        columns.source,
        columns.description,
    ]


def _place_of(connection: Connection, order: Order, row_id: int) -> Place:
    key = connection.execute(select(order.column).where(tables.billing.c.id == row_id)).scalar_one()
    return Place(key, row_id)
