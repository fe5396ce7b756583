"""Adding observations of detail records to the book."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, tuple_, update

from services.ledger import tables
from services.ledger.store.clusters import enter_clusters, record_anchors
from services.ledger.store.fact_codec import encode_record_fact
from services.telnyx_vocabulary.detail_record import DetailRecord

Key = tuple[str, str, bytes]
"""(record type, record id, digest of the content)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedObservations:
    """What was new, what had changed, and the clusters that must be derived again."""

    new_count: int
    changed_count: int
    cluster_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One content of one record, and from when to when it was seen."""

    record: DetailRecord
    fact: bytes
    first_at: datetime
    last_at: datetime


def add_observations(connection: Connection, batch: list[DetailRecord]) -> AddedObservations:
    """Insert contents that were not seen before, and widen the times of those that were.

    A content seen again only moves `first_observed_at` back or `last_observed_at` on: the end does not depend on
    the order in which observations arrive. Raises Conflict when another writer was faster.
    """
    seen = dict(sorted(_unite(batch).items()))
    held = _held(connection, {(record_type, record_id) for record_type, record_id, _ in seen})
    news = {key: item for key, item in seen.items() if key not in held}
    wider = {key: item for key, item in seen.items() if key in held and _widens(item, held[key])}
    content_count = Counter((record_type, record_id) for record_type, record_id, _ in held)
    touched = [
        item
        for key, item in wider.items()
        # Seeing the only known content of a record again, later, changes nothing that is derived.
        if item.first_at < held[key][0] or content_count[key[:2]] > 1
    ]
    concerned = [*news.values(), *touched]
    cluster_ids = (
        enter_clusters(connection, [record_anchors(i.record) for i in concerned]) if concerned else []
    )
    if news:
        rows = [_row(*pair, cluster_id) for pair, cluster_id in zip(news.items(), cluster_ids, strict=False)]
        connection.execute(insert(tables.observations), rows)
    _widen(connection, wider, held)
    added = {key[:2] for key in news}
    return AddedObservations(
        new_count=len(added - content_count.keys()),
        changed_count=len(added & content_count.keys()),
        cluster_ids=frozenset(cluster_ids),
    )


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


def _held(connection: Connection, records: set[tuple[str, str]]) -> dict[Key, tuple[datetime, datetime]]:
    table = tables.observations
    query = select(
        table.c.record_type,
        table.c.record_id,
        table.c.digest,
        table.c.first_observed_at,
        table.c.last_observed_at,
    ).where(tuple_(table.c.record_type, table.c.record_id).in_(sorted(records)))
    return {
        (row.record_type, row.record_id, bytes(row.digest)): (row.first_observed_at, row.last_observed_at)
        for row in connection.execute(query)
    }


def _widens(item: _Seen, held: tuple[datetime, datetime]) -> bool:
    return item.first_at < held[0] or item.last_at > held[1]


def _widen(
    connection: Connection, wider: dict[Key, _Seen], held: dict[Key, tuple[datetime, datetime]]
) -> None:
    if not wider:
        return
    table = tables.observations
    statement = (
        update(table)
        .where(
            table.c.record_type == bindparam("of_type"),
            table.c.record_id == bindparam("of_id"),
            table.c.digest == bindparam("of_digest"),
        )
        .values(first_observed_at=bindparam("first_at"), last_observed_at=bindparam("last_at"))
    )
    rows = [
        {
            "of_type": key[0],
            "of_id": key[1],
            "of_digest": key[2],
            "first_at": min(item.first_at, held[key][0]),
            "last_at": max(item.last_at, held[key][1]),
        }
        for key, item in wider.items()
    ]
    connection.execute(statement, rows)


def _row(key: Key, item: _Seen, cluster_id: int) -> dict[str, object]:
    return {
        "record_type": key[0],
        "record_id": key[1],
        "digest": key[2],
        "cluster_id": cluster_id,
        "first_observed_at": item.first_at,
        "last_observed_at": item.last_at,
        "fact": item.fact,
        "raw": item.record.raw,
    }
