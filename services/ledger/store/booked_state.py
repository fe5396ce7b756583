"""What the book says of clusters before they are derived again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from services.ledger import tables


@dataclass(frozen=True, slots=True)
class BookedState:
    """The derived rows of some clusters, by their natural keys.

    `lines` are the parts of a charge by its row's id, `at_home` the keys of the records whose money ended in a charge.
    """

    charges: dict[tuple[str, str, str], Row[Any]]
    lines: defaultdict[int, list[Row[Any]]]
    calls: dict[str, Row[Any]]
    records: dict[tuple[str, str], Row[Any]]
    open_items: dict[tuple[str, str], Row[Any]]
    at_home: defaultdict[tuple[str, str], list[tuple[str, str]]]


def load_booked(connection: Connection, cluster_ids: Iterable[int]) -> BookedState:
    """All derived rows of these clusters."""
    ids = sorted(cluster_ids)

    def rows(table: Table) -> list[Row[Any]]:
        return list(connection.execute(select(table).where(table.c.cluster_id.in_(ids))))

    charges = rows(tables.billing)
    records = rows(tables.detail_records)
    return BookedState(
        charges={(row.record_type, row.record_id, row.currency): row for row in charges},
        lines=_lines(connection, [row.id for row in charges]),
        calls={row.telnyx_call_id: row for row in rows(tables.calls)},
        records={(row.record_type, row.record_id): row for row in records},
        open_items={(row.record_type, row.record_id): row for row in rows(tables.open_items)},
        at_home=_at_home(records),
    )


def _at_home(records: Iterable[Row[Any]]) -> defaultdict[tuple[str, str], list[tuple[str, str]]]:
    homes: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in records:
        homes[(row.home_kind, row.home_record_id)].append((row.record_type, row.record_id))
    return homes


def _lines(connection: Connection, billing_ids: list[int]) -> defaultdict[int, list[Row[Any]]]:
    lines: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    if billing_ids:
        table = tables.billing_parts
        query = select(table).where(table.c.billing_id.in_(billing_ids)).order_by(table.c.position)
        for row in connection.execute(query):
            lines[row.billing_id].append(row)
    return lines
