"""The orders in which charges are listed, and the cursors that go on in the same order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, tuple_

from services.common.errors import InvalidInput
from services.common.times import from_micros, to_micros
from services.ledger import tables
from services.ledger.store.cursors import BigInt, RowId, pack_cursor, unpack_cursor

OrderName = Literal["newest", "oldest", "dearest", "cheapest", "longest", "shortest"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a charge stands in an order: its key there (a moment, nanos or seconds), and its id, which breaks ties."""

    key: Any
    row_id: int


@dataclass(frozen=True, slots=True)
class Order:
    """Charges by one column, and among equals by id; both ascending, or both descending.

    `index` is the one that has charges in this order (of one type, unless by time).
    """

    name: OrderName
    column: Column[Any]
    index: str
    is_descending: bool

    @property
    def is_by_time(self) -> bool:
        return self.column is tables.billing.c.billing_date

    def key(self, *, must_sort: bool = False) -> ColumnElement[Any]:
        """The column. `must_sort` keeps a store from walking its index to avoid sorting."""
        return self.column + 0 if must_sort else self.column

    def keys(self, *, must_sort: bool = False) -> list[ColumnElement[Any]]:
        """What to order by; `must_sort` as for `key`."""
        keys = [self.key(must_sort=must_sort), tables.billing.c.id]
        return [key.desc() for key in keys] if self.is_descending else keys

    def behind(self, place: Place) -> ColumnElement[bool]:
        """What comes after a place."""
        here = tuple_(self.column, tables.billing.c.id)
        there = tuple_(place.key, place.row_id)
        return here < there if self.is_descending else here > there

    def write_cursor(self, place: Place) -> str:
        """A place as a page token that is good for this order alone."""
        key = to_micros(place.key) if isinstance(place.key, datetime) else place.key
        return pack_cursor((self.name, key, place.row_id))

    def read_cursor(self, text: str) -> Place:
        """The place behind a cursor. Raises InvalidInput for one that is not ours, or of another order."""
        name, key, row_id = unpack_cursor(text, tuple[str, BigInt, RowId])
        if name != self.name:
            raise InvalidInput(
                "the cursor is of another order: start again without it, or ask for the order it was given out for",
                "cursor",
            )
        try:
            return Place(from_micros(key) if self.is_by_time else key, row_id)
        except OverflowError as error:
            raise InvalidInput("the cursor names a time that no calendar has", "cursor") from error


def _orders() -> Mapping[OrderName, Order]:
    columns = tables.billing.c
    by: tuple[tuple[OrderName, OrderName, Column[Any], str], ...] = (
        ("newest", "oldest", columns.billing_date, "ix_telnyx_billing_date"),
        ("dearest", "cheapest", columns.cost_nanos, "ix_telnyx_billing_cost"),
        ("longest", "shortest", columns.duration, "ix_telnyx_billing_duration"),
    )
    return {
        name: Order(name, column, index, is_descending)
        for falling, rising, column, index in by
        for name, is_descending in ((falling, True), (rising, False))
    }


ORDERS = _orders()
