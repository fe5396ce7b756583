"""Adding observations of detail records to the book."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from services.common.errors import Conflict
from services.common.statements import Values, has_many_writers, insert_rows, update_by_id
from services.common.value_lists import is_among_given
from services.ledger import tables
from services.ledger.store.clusters import Group, enter_clusters, record_anchors
from services.ledger.store.fact_codec import encode_record_fact
from services.ledger.store.loaded_facts import LoadedCluster, RecordFact, clusters_of
from services.telnyx_vocabulary.detail_record import DetailRecord

RecordKey = tuple[str, str]
"""(record type, record id)"""

Key = tuple[str, str, bytes]
"""(record type, record id, digest of the content)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedObservations:
    """What was new, what had changed, the clusters to be derived again, and the facts of those that are `new`."""

    new_count: int
    changed_count: int
    cluster_ids: frozenset[int]
    new: Mapping[int, LoadedCluster]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One content of one record, and from when to when it was seen."""

    record: DetailRecord
    fact: bytes
    first_at: datetime
    last_at: datetime


Held = Mapping[Key, Any]


def add_observations(connection: Connection, batch: list[DetailRecord]) -> AddedObservations:
    """Insert contents that were not seen before, and widen the times of those that were.

    A content seen again only moves `first_observed_at` back or `last_observed_at` on: the end does not depend on
    the order in which observations arrive. Raises Conflict when another writer was faster.
    """
    seen = _unite(batch)
    held = _held(connection, seen)
    news = [key for key in seen if key not in held]
    wider = {key: change for key in seen if key in held and (change := _change(seen[key], held[key]))}
    concerned = sorted({key[:2] for key in (*news, *wider)})
    entered = enter_clusters(connection, _groups(concerned, seen, held))
    if wider and has_many_writers(connection) and _times(_held(connection, seen)) != _times(held):
        raise Conflict("another writer has just seen the same records")
    cluster_of = dict(zip(concerned, entered.cluster_ids, strict=True))
    rows = [_row(key, seen[key], cluster_of[key[:2]]) for key in sorted(news)]
    insert_rows(connection, tables.observations, rows)
    update_by_id(connection, tables.observations, list(wider.values()))
    known = {key[:2] for key in held}
    added = {key[:2] for key in news}
    touched = added | _moved(wider, seen, held)
    return AddedObservations(
        new_count=len(added - known),
        changed_count=len(added & known),
        cluster_ids=frozenset(cluster_of[record_key] for record_key in touched),
        new=_clusters_of(entered.new_ids, rows),
    )


def _clusters_of(cluster_ids: Collection[int], rows: Iterable[Values]) -> dict[int, LoadedCluster]:
    """Clusters of which these rows have all the facts."""
    facts = (
        RecordFact._make(row[name] for name in RecordFact._fields)
        for row in rows
        if row["cluster_id"] in cluster_ids
    )
    return clusters_of(cluster_ids, (), facts, {})


def _unite(batch: Iterable[DetailRecord]) -> dict[Key, _Seen]:
    seen: dict[Key, _Seen] = {}
    for record in batch:
        fact, digest = encode_record_fact(record)
        key = (record.record_type, record.record_id, digest)
        before = seen.get(key)
        at = record.observed_at
        if before is None:
            seen[key] = _Seen(record, fact, at, at)
        else:
            seen[key] = replace(before, first_at=min(before.first_at, at), last_at=max(before.last_at, at))
    return seen


_COLUMNS = tables.observations.c
_HELD = select(
    _COLUMNS.id,
    _COLUMNS.record_type,
    _COLUMNS.record_id,
    _COLUMNS.digest,
    _COLUMNS.cluster_id,
    _COLUMNS.first_observed_at,
    _COLUMNS.last_observed_at,
).where(_COLUMNS.record_type == bindparam("of_type"), is_among_given(_COLUMNS.record_id, "record_ids"))


def _held(connection: Connection, keys: Iterable[Key]) -> Held:
    """What is known of these records, under whatever content."""
    ids: dict[str, set[str]] = defaultdict(set)
    for record_type, record_id, _ in keys:
        ids[record_type].add(record_id)
    return {
        (row.record_type, row.record_id, bytes(row.digest)): row
        for record_type, of_type in ids.items()
        for row in connection.execute(_HELD, {"of_type": record_type, "record_ids": sorted(of_type)})
    }


def _times(held: Held) -> dict[Key, tuple[datetime, datetime]]:
    return {key: (row.first_observed_at, row.last_observed_at) for key, row in held.items()}


def _change(seen: _Seen, held: Any) -> Values | None:
    """What seeing a known content again changes of its row, if anything."""
    first_at = min(seen.first_at, held.first_observed_at)
    last_at = max(seen.last_at, held.last_observed_at)
    if (first_at, last_at) == (held.first_observed_at, held.last_observed_at):
        return None
    return {"id": held.id, "first_observed_at": first_at, "last_observed_at": last_at}


def _groups(record_keys: Iterable[RecordKey], seen: Mapping[Key, _Seen], held: Held) -> list[Group]:
    """One for each record: all its contents belong together, also when they name different legs."""
    anchors: dict[RecordKey, set[str]] = defaultdict(set)
    clusters: dict[RecordKey, set[int]] = defaultdict(set)
    for key, item in seen.items():
        if key not in held:
            anchors[key[:2]] |= record_anchors(item.record)
    for key, row in held.items():
        clusters[key[:2]].add(row.cluster_id)
    return [Group(frozenset(anchors[key]), frozenset(clusters[key])) for key in record_keys]


def _moved(wider: Mapping[Key, Values], seen: Mapping[Key, _Seen], held: Held) -> set[RecordKey]:
    """The records of which another content may count now, or which were there earlier than thought.

    Seeing the only known content of a record again, later, changes nothing that is derived.
    """
    content_count: dict[RecordKey, int] = defaultdict(int)
    for key in held:
        content_count[key[:2]] += 1
    return {
        key[:2]
        for key in wider
        if content_count[key[:2]] > 1 or seen[key].first_at < held[key].first_observed_at
    }


def _row(key: Key, seen: _Seen, cluster_id: int) -> Values:
    return {
        "record_type": key[0],
        "record_id": key[1],
        "digest": key[2],
        "cluster_id": cluster_id,
        "first_observed_at": seen.first_at,
        "last_observed_at": seen.last_at,
        "fact": seen.fact,
        "raw": seen.record.raw,
    }
