"""Reading charges a page at a time, newest first, by keyset: every page costs the same, however deep."""

from typing import Any

from sqlalchemy import Connection, select, tuple_

from services.ledger import tables
from services.ledger.store.charge_filters import ChargeFilter, listed
from services.ledger.store.cursors import read_cursor, write_cursor


def list_charges(
    connection: Connection, wanted: ChargeFilter, page_size: int, cursor: str
) -> tuple[list[Any], str]:
    """(rows of telnyx_billing, cursor of the next page or ""). Raises InvalidInput for a foreign cursor."""
    table = tables.billing
    query = select(table).where(*listed(wanted)).order_by(table.c.billing_date.desc(), table.c.id.desc())
    if cursor:
        query = query.where(tuple_(table.c.billing_date, table.c.id) < read_cursor(cursor))
    rows = list(connection.execute(query.limit(page_size + 1)))
    if len(rows) <= page_size:
        return rows, ""
    last = rows[page_size - 1]
    return rows[:page_size], write_cursor(last.billing_date, last.id)
