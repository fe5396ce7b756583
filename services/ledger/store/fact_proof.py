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
from services.ledger.store.fact_codec import read_event_fact, read_record_fact
from services.ledger.store.journal_proof import Told, charge_finding

_EVENT_COLUMNS = ("event_type", "occurred_at", "event_id")
_RECORD_COLUMNS = ("record_type", "record_id")


def prove_facts(connection: Connection, cluster_ids: Sequence[int]) -> Told:
    """What a fact says must be what was recorded, and every id that it names must belong to its cluster."""
    anchors = _anchors(connection, cluster_ids)
    for table, kind, columns, anchors_in in (
        (tables.events, "event", _EVENT_COLUMNS, _event_anchors),
        (tables.observations, "record", _RECORD_COLUMNS, _record_anchors),
    ):
        for row in _rows(connection, table, columns, cluster_ids):
            for sentence in _faults(row, columns, anchors_in, anchors[row.cluster_id]):
                yield row.cluster_id, charge_finding(f"{kind} {row._mapping[columns[-1]]}", sentence)


def _event_anchors(fact: bytes) -> tuple[object, frozenset[str]]:
    event = read_event_fact(fact)
    return event, event_anchors(event)


def _record_anchors(fact: bytes) -> tuple[object, frozenset[str]]:
    record = read_record_fact(fact)
    return record, record_anchors(record)


def _faults(
    row: Any,
    columns: Sequence[str],
    read: Callable[[bytes], tuple[object, frozenset[str]]],
    anchors: set[str],
) -> Iterator[str]:
    """`read` gives the fact and the ids that it names; `anchors` are those of the row's cluster."""
    if hashlib.sha256(row.fact).digest() != bytes(row.digest):
        yield "what it says is not what was recorded"
        return
    try:
        fact, named = read(row.fact)
    except msgspec.DecodeError:
        yield "what it says cannot be read"
        return
    if any(getattr(fact, name) != row._mapping[name] for name in columns):
        yield "its row does not say what the fact says"
    if not named <= anchors:
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
