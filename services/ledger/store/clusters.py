"""Which facts must be derived together, and the locks that keep two writers off the same ones.

A cluster is a set of facts connected by session, leg or message ids. Every write first locks the clusters that it
touches, in key order; should a lock show that another writer has just joined clusters, the write starts again.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table, delete, insert, select, update

from services.common.errors import Conflict
from services.ledger import tables
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_MOVED_WITH_THEIR_CLUSTER: tuple[Table, ...] = (
    tables.anchors,
    tables.events,
    tables.observations,
    tables.detail_records,
    tables.estimate_rates,
    tables.calls,
    tables.billing,
    tables.open_items,
)


def event_anchors(event: WebhookEvent) -> tuple[str, ...]:
    """The ids by which an event is connected to other facts; none for an event that concerns no call or message."""
    if event.message:
        return (f"message:{event.message.message_id}",)
    return _call_anchors(event.session_id, event.call_control_id, event.leg_id)


def record_anchors(record: DetailRecord) -> tuple[str, ...]:
    """The ids by which a record is connected to other facts; at the least its own."""
    if record.record_type == "messaging":
        return (f"message:{record.record_id}",)
    anchors = _call_anchors(record.session_id, record.call_control_id, record.leg_id)
    if not anchors and record.sip_call_id:
        return (f"sip:{record.sip_call_id}",)
    return anchors or (f"record:{record.record_type}:{record.record_id}",)


def _call_anchors(session_id: str, call_control_id: str, leg_id: str) -> tuple[str, ...]:
    named = (("session", session_id), ("call", call_control_id), ("leg", leg_id))
    return tuple(f"{kind}:{text}" for kind, text in named if text)


def enter_clusters(connection: Connection, groups: Sequence[tuple[str, ...]]) -> list[int]:
    """The cluster of each group of connected anchors, locked until the transaction ends.

    Groups that share an anchor, or name anchors of several clusters, are joined into one cluster.
    Raises Conflict when another writer changed the same clusters meanwhile: the transaction must start again.
    """
    wanted = sorted({anchor for group in groups for anchor in group})
    known = _known(connection, wanted)
    _lock(connection, set(known.values()))
    if connection.dialect.name == "postgresql" and _known(connection, wanted) != known:
        raise Conflict("another writer has just joined what this one touches")
    joined = _join(groups, known)
    cluster_of_root = _settle(connection, joined, known)
    new = [anchor for anchor in wanted if anchor not in known]
    if new:
        rows = [{"anchor": anchor, "cluster_id": cluster_of_root[joined[anchor]]} for anchor in new]
        connection.execute(insert(tables.anchors), rows)
    return [cluster_of_root[joined[group[0]]] for group in groups]


def lock_clusters(connection: Connection, cluster_ids: Iterable[int]) -> None:
    """Lock known clusters before deriving them again. Raises Conflict when one of them was merged away."""
    wanted = set(cluster_ids)
    if _lock(connection, wanted) != wanted:
        raise Conflict("another writer has just joined what this one touches")


def _known(connection: Connection, anchors: list[str]) -> dict[str, int]:
    table = tables.anchors
    rows = connection.execute(select(table.c.anchor, table.c.cluster_id).where(table.c.anchor.in_(anchors)))
    return {row.anchor: row.cluster_id for row in rows}


def _lock(connection: Connection, cluster_ids: set[int]) -> set[int]:
    """SQLite has one writer, which holds everything already."""
    if connection.dialect.name != "postgresql" or not cluster_ids:
        return cluster_ids
    ids = tables.clusters.c.id
    query = select(ids).where(ids.in_(cluster_ids)).order_by(ids).with_for_update()
    return {row.id for row in connection.execute(query)}


def _join(groups: Sequence[tuple[str, ...]], known: dict[str, int]) -> dict[str, str]:
    """For each anchor a representative of all that it is connected with, through the groups or known clusters."""
    parent: dict[str, str] = {}

    def root(anchor: str) -> str:
        while (above := parent.setdefault(anchor, anchor)) != anchor:
            parent[anchor] = parent[above]
            anchor = above
        return anchor

    for group in groups:
        for other in group:
            parent[root(other)] = root(group[0])
    first_of_cluster: dict[int, str] = {}
    for anchor, cluster_id in known.items():
        parent[root(anchor)] = root(first_of_cluster.setdefault(cluster_id, anchor))
    return {anchor: root(anchor) for anchor in list(parent)}


def _settle(connection: Connection, joined: dict[str, str], known: dict[str, int]) -> dict[str, int]:
    """The cluster of each representative: a new one, the known one, or the smallest of several, now joined."""
    found: dict[str, set[int]] = {representative: set() for representative in joined.values()}
    for anchor, cluster_id in known.items():
        found[joined[anchor]].add(cluster_id)
    without = sorted(representative for representative, ids in found.items() if not ids)
    cluster_of = dict(zip(without, _new_clusters(connection, len(without)), strict=True))
    for representative, ids in found.items():
        if ids:
            cluster_of[representative] = min(ids)
            _move(connection, ids - {min(ids)}, min(ids))
    return cluster_of


def _new_clusters(connection: Connection, count: int) -> list[int]:
    if not count:
        return []
    statement = insert(tables.clusters).returning(tables.clusters.c.id)
    return sorted(connection.execute(statement, [{} for _ in range(count)]).scalars())


def _move(connection: Connection, absorbed: set[int], into: int) -> None:
    if not absorbed:
        return
    for table in _MOVED_WITH_THEIR_CLUSTER:
        connection.execute(update(table).where(table.c.cluster_id.in_(absorbed)).values(cluster_id=into))
    connection.execute(delete(tables.clusters).where(tables.clusters.c.id.in_(absorbed)))
