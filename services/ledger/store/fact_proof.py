"""Whether facts are as they were recorded and where they belong."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select

from services.ledger import tables
from services.ledger.findings import Finding
from services.ledger.store.clusters import event_anchors, record_anchors
from services.ledger.store.fact_codec import decode_event_fact, decode_record_fact
from services.ledger.store.journal_proof import Told, charge_finding

_EVENT_COLUMNS = ("event_id", "event_type", "occurred_at")
_RECORD_COLUMNS = ("record_type", "record_id")


def prove_facts(connection: Connection, cluster_ids: Sequence[int]) -> Told:
    """What a fact says must be what was recorded, and every id that it names must belong to its cluster."""
    anchors = _anchors(connection, cluster_ids)
    events, records = tables.events, tables.observations
    for row in _rows(connection, events, (*_EVENT_COLUMNS, "received_at", "is_quarantined"), cluster_ids):
        for sentence in _faults(row, _EVENT_COLUMNS, lambda row: _event(row, anchors)):
            yield row.cluster_id, charge_finding(f"event {row.event_id}", sentence)
    for row in _rows(connection, records, (*_RECORD_COLUMNS, "first_observed_at"), cluster_ids):
        for sentence in _faults(row, _RECORD_COLUMNS, lambda row: _record(row, anchors)):
            yield row.cluster_id, charge_finding(f"record {row.record_type} {row.record_id}", sentence)


def _event(row: Any, anchors: dict[int, set[str]]) -> tuple[object, bool]:
    event = decode_event_fact(row.fact, row.received_at, row.is_quarantined)
    return event, event_anchors(event) <= anchors[row.cluster_id]


def _record(row: Any, anchors: dict[int, set[str]]) -> tuple[object, bool]:
    record = decode_record_fact(row.fact, row.first_observed_at)
    return record, record_anchors(record) <= anchors[row.cluster_id]


def _faults(row: Any, columns: Sequence[str], decode: Callable[[Any], tuple[object, bool]]) -> Iterator[str]:
    """`decode` gives the fact, and whether it is where it belongs."""
    if hashlib.sha256(row.fact).digest() != bytes(row.digest):
        yield "what it says is not what was recorded"
        return
    try:
        fact, is_in_place = decode(row)
    except msgspec.DecodeError:
        yield "what it says cannot be read"
        return
    if any(getattr(fact, name) != row._mapping[name] for name in columns):
        yield "its row does not say what the fact says"
    if not is_in_place:
        yield "it is kept apart from other facts that name the same ids"


def _anchors(connection: Connection, cluster_ids: Sequence[int]) -> dict[int, set[str]]:
    table = tables.anchors
    query = select(table.c.cluster_id, table.c.anchor).where(table.c.cluster_id.in_(cluster_ids))
    anchors: dict[int, set[str]] = defaultdict(set)
    for cluster_id, anchor in connection.execute(query):
        anchors[cluster_id].add(anchor)
    return anchors


def _rows(
    connection: Connection, table: Table, names: Sequence[str], cluster_ids: Sequence[int]
) -> Iterator[Any]:
    columns = (table.c.cluster_id, table.c.fact, table.c.digest, *(table.c[name] for name in names))
    yield from connection.execute(select(*columns).where(table.c.cluster_id.in_(cluster_ids)))


_OF_CLUSTERS: Sequence[tuple[Table, str]] = (
    (tables.billing, "record_id"),
    (tables.calls, "telnyx_call_id"),
    (tables.open_items, "record_id"),
    (tables.detail_records, "record_id"),
    (tables.estimate_rates, "call_id"),
    (tables.events, "event_id"),
    (tables.observations, "record_id"),
    (tables.anchors, "anchor"),
)
_OF_CHARGES: Sequence[tuple[Table, str]] = (
    (tables.billing_parts, "billing_id"),
    (tables.billing_entries, "billing_id"),
)


def prove_belonging(connection: Connection, limit: int) -> list[Finding]:
    """Rows that belong to nothing, which no derivation comes across; at most `limit` of each table."""
    found = []
    for owners, foreign, owned, what in (
        (tables.clusters, "cluster_id", _OF_CLUSTERS, "no cluster"),
        (tables.billing, "billing_id", _OF_CHARGES, "no charge"),
    ):
        for table, name in owned:
            owner = select(owners.c.id).where(owners.c.id == table.c[foreign]).exists()
            query = select(table.c[name]).where(table.c[foreign].is_not(None), ~owner).limit(limit)
            found += [
                charge_finding(f"{table.name} {value}", f"it belongs to {what}")
                for value in connection.execute(query).scalars()
            ]
    return found
