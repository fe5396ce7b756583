"""How many facts have which fault: read from indexes that hold nothing but facts at fault."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    case,
    cast,
    desc,
    func,
    literal,
    select,
)

from services.ledger import tables
from services.ledger.faults import FUTURE, reasons_of

WEBHOOK = "webhook"
_MAX_FAULTS = 500
_MAX_TOLD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFault:
    """Facts of one kind ("webhook" or a record type) with one fault.

    `blocks`: some of them have an amount or an id that cannot be read.
    """

    kind: str
    reason: str
    count: int
    example_id: str
    blocks: bool


def fact_faults(connection: Connection) -> list[FactFault]:
    """The most frequent faults, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    blocking: set[tuple[str, str]] = set()
    for kind, fault, count, example_id, blocks in _grouped(connection):
        for reason in reasons_of(fault):
            key = (kind, reason)
            counts[key] += count
            examples.setdefault(key, example_id)
            blocking |= {key} if blocks else set()
    most = sorted(counts, key=lambda key: (-counts[key], key))[:_MAX_TOLD]
    return [
        FactFault(
            kind=key[0], reason=key[1], count=counts[key], example_id=examples[key], blocks=key in blocking
        )
        for key in most
    ]


def count_future(connection: Connection) -> int:
    """How many facts have a time that lies more than a day after their receipt."""
    count = 0
    for table in (tables.events, tables.detail_records):
        query = select(func.count()).where(
            table.c.fault != "", table.c.fault.contains(FUTURE, autoescape=True)
        )
        count += connection.execute(query).scalar_one()
    return count


def _grouped(connection: Connection) -> list[tuple[str, str, int, str, bool]]:
    """(kind, fault, count, an id, whether any of them blocks)."""
    records, events = tables.detail_records, tables.events
    of_records = _query(records, records.c.record_id).add_columns(records.c.record_type)
    of_events = _query(events, events.c.event_id).add_columns(literal(WEBHOOK).label("record_type"))
    return [
        (row.record_type, row.fault, row.fact_count, row.example_id, bool(row.blocks))
        for query in (of_records.group_by(records.c.record_type), of_events)
        for row in connection.execute(query)
    ]


def _query(table: Table, fact_id: ColumnElement[str]) -> Select[Any]:
    count = func.count().label("fact_count")
    # Of those that block one is shown, if there is any.
    blocking_id = func.min(case((table.c.is_unreadable, fact_id)))
    return (
        select(
            *(table.c.fault, count, func.coalesce(blocking_id, func.min(fact_id)).label("example_id")),
            func.max(cast(table.c.is_unreadable, Integer)).label("blocks"),
        )
        .where(table.c.fault != "")
        .group_by(table.c.fault)
        .order_by(desc(count), table.c.fault)
        .limit(_MAX_FAULTS)
    )
