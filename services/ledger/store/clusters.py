"""Which facts must be derived together, and the locks that keep two writers off the same ones.

A cluster is a set of facts connected by session, leg or message ids. Every write first locks the clusters that it
touches, in key order; should a lock show that another writer has just joined clusters, the write starts again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, Table, delete, select, update

from services.common.errors import Conflict
from services.common.statements import has_many_writers, insert_rows, new_ids
from services.common.value_lists import is_among_given
from services.ledger import tables
from services.ledger.legs import Fact, leg_nodes
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


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that belong together: by the ids that they name, and by the clusters that already hold some of them."""

    anchors: frozenset[str]
    cluster_ids: frozenset[int] = frozenset()


def event_anchors(event: WebhookEvent) -> frozenset[str]:
    """The ids by which an event is connected to other facts; none for an event that concerns no call or message."""
    if event.message:
        return frozenset({f"message:{event.message.message_id}"})
    return _call_anchors(event)


def record_anchors(record: DetailRecord) -> frozenset[str]:
    """The ids by which a record is connected to other facts; at the least its own."""
    if record.record_type == "messaging":
        return frozenset({f"message:{record.record_id}"})
    return _call_anchors(record) or frozenset({f"record:{record.record_type}:{record.record_id}"})


def leg_anchor(name: str) -> str:
    """The anchor of a leg by one of its names."""
    return f"leg:{name}"


def session_anchor(session_id: str) -> str:
    """The anchor of a session."""
    return f"session:{session_id}"


def _call_anchors(fact: Fact) -> frozenset[str]:
    """The session, and every name that the fact's leg can get.

    Of whichever kind the names are: only legs of one cluster can be told apart should two want the same one.
    """
    names = {leg_anchor(cast(tuple[str, ...], node)[-1]) for node in leg_nodes(fact)}
    return frozenset(names | {session_anchor(fact.session_id)} if fact.session_id else names)


@dataclass(frozen=True, slots=True)
class Entered:
    """The cluster of each group, in their order, and which of them were made just now: nobody else knows of these."""

    cluster_ids: list[int]
    new_ids: frozenset[int]


def enter_clusters(connection: Connection, groups: Sequence[Group]) -> Entered:
    """Find or make the cluster of each group, locked until the transaction ends.

    Groups that share an anchor or a cluster, or that name anchors of several clusters, are joined into one cluster.
    Raises Conflict when another writer changed the same clusters meanwhile: the transaction must start again.
    """
    wanted = sorted({anchor for group in groups for anchor in group.anchors})
    known = _known(connection, wanted)
    touched = {*known.values(), *(cluster_id for group in groups for cluster_id in group.cluster_ids)}
    if lock_clusters(connection, touched) != touched or (
        has_many_writers(connection) and _known(connection, wanted) != known
    ):
        raise Conflict("another writer has just joined what this one touches")
    joined = _join(groups, known)
    cluster_of, new_ids = _settle(connection, joined)
    new = [anchor for anchor in wanted if anchor not in known]
    rows = [{"anchor": anchor, "cluster_id": cluster_of[joined[anchor]]} for anchor in new]
    insert_rows(connection, tables.anchors, rows)
    return Entered([cluster_of[joined[_nodes(group)[0]]] for group in groups], new_ids)


def lock_clusters(connection: Connection, cluster_ids: Iterable[int]) -> set[int]:
    """Lock clusters, in key order, until the transaction ends; returns those that have not been merged away.

    SQLite has one writer, which holds everything already.
    """
    wanted = sorted(cluster_ids)
    if not wanted:
        return set()
    query = _LOCKED if has_many_writers(connection) else _THERE
    return set(connection.execute(query, {"ids": wanted}).scalars())


_THERE = select(tables.clusters.c.id).where(is_among_given(tables.clusters.c.id, "ids"))
_LOCKED = _THERE.order_by(tables.clusters.c.id).with_for_update()
_KNOWN = select(tables.anchors.c.anchor, tables.anchors.c.cluster_id).where(
    is_among_given(tables.anchors.c.anchor, "anchors")
)

Node = str | int
"""An anchor, or the id of a cluster."""


def _nodes(group: Group) -> list[Node]:
    return [*group.anchors, *group.cluster_ids]


def _known(connection: Connection, anchors: list[str]) -> dict[str, int]:
    rows = connection.execute(_KNOWN, {"anchors": anchors})
    return {row.anchor: row.cluster_id for row in rows}


def _join(groups: Iterable[Group], known: Mapping[str, int]) -> dict[Node, Node]:
    """For each node a representative of all that it is connected with."""
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = above
        return node

    for group in groups:
        nodes = _nodes(group)
        for node in nodes:
            parent[root(node)] = root(nodes[0])
    for anchor, cluster_id in known.items():
        parent[root(anchor)] = root(cluster_id)
    return {node: root(node) for node in list(parent)}


def _settle(connection: Connection, joined: Mapping[Node, Node]) -> tuple[dict[Node, int], frozenset[int]]:
    """The cluster of each representative: a new one, the known one, or the smallest of several, now joined.

    And which of them are new.
    """
    found: dict[Node, set[int]] = {representative: set() for representative in joined.values()}
    for node, representative in joined.items():
        if isinstance(node, int):
            found[representative].add(node)
    without = [representative for representative, ids in found.items() if not ids]
    new = _new_clusters(connection, len(without))
    cluster_of = dict(zip(without, new, strict=True))
    for representative, ids in found.items():
        if ids:
            cluster_of[representative] = min(ids)
            _move(connection, ids - {min(ids)}, min(ids))
    return cluster_of, frozenset(new)


def _new_clusters(connection: Connection, count: int) -> Sequence[int]:
    ids = new_ids(connection, tables.clusters, count)
    insert_rows(connection, tables.clusters, [{"id": cluster_id} for cluster_id in ids])
    return ids


def _move(connection: Connection, absorbed: set[int], into: int) -> None:
    if not absorbed:
        return
    for table in _MOVED_WITH_THEIR_CLUSTER:
        connection.execute(update(table).where(table.c.cluster_id.in_(absorbed)).values(cluster_id=into))
    connection.execute(delete(tables.clusters).where(tables.clusters.c.id.in_(absorbed)))
