"""What the book says of clusters before they are derived again."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, select

from services.common.value_lists import is_among_given
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

    def rows(query: Select[Any]) -> Sequence[Row[Any]]:
        return connection.execute(query, {"cluster_ids": ids}).all() if ids else ()

    charges = rows(_CHARGES)
    records = rows(_RECORDS)
    return BookedState(
        charges={(row.record_type, row.record_id, row.currency): row for row in charges},
        lines=_lines(connection, [row.id for row in charges]),
        calls={row.telnyx_call_id: row for row in rows(_CALLS)},
        records={(row.record_type, row.record_id): row for row in records},
        open_items={(row.record_type, row.record_id): row for row in rows(_OPEN_ITEMS)},
        at_home=_at_home(records),
    )


def _of_clusters(table: Table) -> Select[Any]:
    """All columns but those that the database computes."""
    kept = [column for column in table.c if column.computed is None]
    return select(*kept).where(is_among_given(table.c.cluster_id, "cluster_ids"))


_CHARGES, _RECORDS = _of_clusters(tables.billing), _of_clusters(tables.detail_records)
_CALLS, _OPEN_ITEMS = _of_clusters(tables.calls), _of_clusters(tables.open_items)
_LINES = (
    select(tables.billing_parts)
    .where(is_among_given(tables.billing_parts.c.billing_id, "billing_ids"))
    .order_by(tables.billing_parts.c.position)
)


def _at_home(records: Iterable[Row[Any]]) -> defaultdict[tuple[str, str], list[tuple[str, str]]]:
    homes: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in records:
        homes[(row.home_kind, row.home_record_id)].append((row.record_type, row.record_id))
    return homes


def _lines(connection: Connection, billing_ids: list[int]) -> defaultdict[int, list[Row[Any]]]:
    lines: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    if billing_ids:
        for row in connection.execute(_LINES, {"billing_ids": billing_ids}):
            lines[row.billing_id].append(row)
    return lines
