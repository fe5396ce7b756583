"""Adding webhook events to the book."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from services.common.errors import Conflict
from services.common.statements import Values, has_many_writers, insert_rows, update_by_id
from services.common.value_lists import is_among_given
from services.ledger import tables
from services.ledger.faults import OTHER_CONTENT, event_fault, fault_of, reasons_of
from services.ledger.store.clusters import Group, enter_clusters, event_anchors
from services.ledger.store.fact_codec import encode_event_fact
from services.ledger.store.loaded_facts import EventFact, LoadedCluster, clusters_of
from services.ledger.unreadable import event_sentences
from services.telnyx_vocabulary.webhook_event import WebhookEvent

Key = tuple[str, bytes]
"""(event id, digest of the content): should an id ever come with another content, neither version is lost."""


@dataclass(frozen=True, slots=True)
class AddedEvents:
    """How many events were new, the clusters that they changed, and the facts of those that are `new`."""

    new_count: int
    cluster_ids: frozenset[int]
    new: Mapping[int, LoadedCluster]


@dataclass(frozen=True, slots=True)
class _Told:
    """One content of one event: quarantined if every delivery of it was, received when the first one was."""

    event: WebhookEvent
    fact: bytes


def add_events(connection: Connection, batch: list[WebhookEvent], account_currency: str) -> AddedEvents:
    """Insert the events that are not known yet.

    A known event changes nothing, unless it was only quarantined or turns out to have come earlier: the end does
    not depend on the order of arrival. Raises Conflict when another writer was faster.
    """
    told = _unite(batch)
    held = _held(connection, told)
    new = [key for key in told if key not in held]
    digests = _digests({*told, *held})
    faults = {
        key: event_fault(_first(item, held.get(key)), account_currency, has_other_content=digests[key[0]] > 1)
        for key, item in told.items()
    }
    eased = {key: change for key in told if key in held and (change := _change(told[key], held[key]))}
    groups = _groups(sorted({event_id for event_id, _ in (*new, *eased)}), told, held)
    entered = enter_clusters(connection, list(groups.values()))
    if eased and has_many_writers(connection) and _times(_held(connection, told)) != _times(held):
        raise Conflict("another writer has just recorded the same events")
    cluster_of = dict(zip(groups, entered.cluster_ids, strict=True))
    rows = [_row(key, told[key], faults[key], cluster_of.get(key[0])) for key in sorted(new)]
    insert_rows(connection, tables.events, rows)
    update_by_id(connection, tables.events, list(eased.values()))
    adopted = _adopted(held, cluster_of)
    update_by_id(connection, tables.events, adopted)
    update_by_id(connection, tables.events, _newly_at_fault(held, faults, digests))
    # A cluster is not only of what is in this batch if it has adopted what was there.
    at_hand = entered.new_ids - {row["cluster_id"] for row in adopted}
    return AddedEvents(len(new), frozenset(entered.cluster_ids), _clusters_of(at_hand, rows))


def _clusters_of(cluster_ids: Collection[int], rows: Iterable[Values]) -> dict[int, LoadedCluster]:
    """Clusters of which these rows have all the facts."""
    facts = (
        EventFact(row["cluster_id"], row["fact"], row["received_at"], row["is_quarantined"])
        for row in rows
        if row["cluster_id"] in cluster_ids
    )
    return clusters_of(cluster_ids, facts, (), {})


def _unite(batch: Iterable[WebhookEvent]) -> dict[Key, _Told]:
    told: dict[Key, _Told] = {}
    for event in batch:
        fact, digest = encode_event_fact(event)
        key = (event.event_id, digest)
        told[key] = _Told(_united(told[key].event, event) if key in told else event, fact)
    return told


def _united(event: WebhookEvent, other: WebhookEvent) -> WebhookEvent:
    return replace(
        event,
        quarantined=event.quarantined and other.quarantined,
        received_at=min(event.received_at, other.received_at),
    )


_HELD = select(
    *(
        tables.events.c[name]
        for name in ("id", "event_id", "digest", "cluster_id", "is_quarantined", "received_at", "fault")
    )
).where(is_among_given(tables.events.c.event_id, "event_ids"))


def _held(connection: Connection, keys: Iterable[Key]) -> dict[Key, Any]:
    """What is known of events with these ids, under whatever content."""
    event_ids = sorted({event_id for event_id, _ in keys})
    rows = connection.execute(_HELD, {"event_ids": event_ids})
    return {(row.event_id, bytes(row.digest)): row for row in rows}


def _times(held: Mapping[Key, Any]) -> dict[Key, tuple[bool, datetime]]:
    return {key: (row.is_quarantined, row.received_at) for key, row in held.items()}


def _groups(event_ids: Iterable[str], told: Mapping[Key, _Told], held: Mapping[Key, Any]) -> dict[str, Group]:
    """By event id: all contents of one id belong together, for only one of them counts."""
    anchors: dict[str, frozenset[str]] = defaultdict(frozenset)
    clusters: dict[str, frozenset[int]] = defaultdict(frozenset)
    for (event_id, _), item in told.items():
        anchors[event_id] |= event_anchors(item.event)
    for (event_id, _), row in held.items():
        clusters[event_id] |= {row.cluster_id} - {None}
    groups = {event_id: Group(anchors[event_id], clusters[event_id]) for event_id in event_ids}
    return {event_id: group for event_id, group in groups.items() if group.anchors or group.cluster_ids}


def _change(told: _Told, held: Any) -> Values | None:
    """What a repeated event changes of its row, if anything."""
    is_quarantined = held.is_quarantined and told.event.quarantined
    received_at = min(held.received_at, told.event.received_at)
    if (is_quarantined, received_at) == (held.is_quarantined, held.received_at):
        return None
    return {"id": held.id, "is_quarantined": is_quarantined, "received_at": received_at}


def _adopted(held: Mapping[Key, Any], cluster_of: Mapping[str, int]) -> list[Values]:
    """Contents that named no call or message, until another content of the same id did."""
    return [
        {"id": row.id, "cluster_id": cluster_of[event_id]}
        for (event_id, _), row in held.items()
        if row.cluster_id is None and event_id in cluster_of
    ]


def _first(told: _Told, held: Any) -> WebhookEvent:
    """The event as it was received first."""
    if held is None or told.event.received_at <= held.received_at:
        return told.event
    return replace(told.event, received_at=held.received_at)


def _digests(keys: Iterable[Key]) -> Counter[str]:
    """How many contents each id has come with."""
    return Counter(event_id for event_id, _ in keys)


def _newly_at_fault(
    held: Mapping[Key, Any], faults: Mapping[Key, str], digests: Mapping[str, int]
) -> list[Values]:
    """Known events that were earlier than thought, or whose id has now come with another content too."""
    changed = []
    for key, row in held.items():
        also = [OTHER_CONTENT] if digests[key[0]] > 1 else []
        fault = faults.get(key, fault_of([*reasons_of(row.fault), *also]))
        if fault != row.fault:
            changed.append({"id": row.id, "fault": fault})
    return changed


def _row(key: Key, told: _Told, fault: str, cluster_id: int | None) -> Values:
    return {
        "event_id": key[0],
        "digest": key[1],
        "cluster_id": cluster_id,
        "event_type": told.event.event_type,
        "occurred_at": told.event.occurred_at,
        "received_at": told.event.received_at,
        "is_quarantined": told.event.quarantined,
        "fault": fault,
        "is_unreadable": bool(event_sentences(told.event)),
        "fact": told.fact,
        "raw": told.event.raw,
    }
