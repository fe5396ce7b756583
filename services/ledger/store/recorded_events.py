"""Adding webhook events to the book."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from services.ledger import tables
from services.ledger.store.clusters import enter_clusters, event_anchors
from services.ledger.store.fact_codec import encode_event_fact
from services.telnyx_vocabulary.webhook_event import WebhookEvent


@dataclass(frozen=True, slots=True)
class _Encoded:
    event: WebhookEvent
    fact: bytes
    digest: bytes

    @property
    def variant_key(self) -> str:
        """Under which a known id with another content is kept, so that neither version is lost."""
        return f"{self.event.event_id}#{self.digest.hex()}"


@dataclass(frozen=True, slots=True)
class AddedEvents:
    """How many events were new, and the clusters that they changed."""

    new_count: int
    cluster_ids: frozenset[int]


def add_events(connection: Connection, batch: list[WebhookEvent]) -> AddedEvents:
    """Insert the events that are not known yet. A known event changes nothing, unless it was only quarantined.

    Raises Conflict when another writer was faster.
    """
    new, freed = _sort_out(connection, batch)
    changed = [*new.values(), *freed.values()]
    grouped = [item for item in changed if event_anchors(item.event)]
    cluster_ids = (
        enter_clusters(connection, [event_anchors(item.event) for item in grouped]) if grouped else []
    )
    cluster_of = {id(item): cluster_id for item, cluster_id in zip(grouped, cluster_ids, strict=True)}
    if new:
        rows = [_row(key, item, cluster_of.get(id(item))) for key, item in sorted(new.items())]
        connection.execute(insert(tables.events), rows)
    if freed:
        statement = update(tables.events).where(tables.events.c.event_key.in_(freed))
        connection.execute(statement.values(is_quarantined=False))
    return AddedEvents(new_count=len(new), cluster_ids=frozenset(cluster_ids))


def _sort_out(
    connection: Connection, batch: list[WebhookEvent]
) -> tuple[dict[str, _Encoded], dict[str, _Encoded]]:
    """By key: the events to insert, and those known as quarantined that now came fresh."""
    encoded = [_Encoded(event, *encode_event_fact(event)) for event in batch]
    known = _known(connection, [key for item in encoded for key in (item.event.event_id, item.variant_key)])
    new: dict[str, _Encoded] = {}
    freed: dict[str, _Encoded] = {}
    for item in encoded:
        key = item.event.event_id
        held = known.get(key)
        if held is not None and held[0] != item.digest:
            key = item.variant_key
            held = known.get(key)
        if held is None:
            new[key] = item
            known[key] = (item.digest, item.event.quarantined)
        elif held[1] and not item.event.quarantined:
            (new if key in new else freed)[key] = item
            known[key] = (item.digest, False)
    return new, freed


def _known(connection: Connection, keys: list[str]) -> dict[str, tuple[bytes, bool]]:
    table = tables.events
    query = select(table.c.event_key, table.c.digest, table.c.is_quarantined).where(
        table.c.event_key.in_(keys)
    )
    return {row.event_key: (bytes(row.digest), row.is_quarantined) for row in connection.execute(query)}


def _row(key: str, item: _Encoded, cluster_id: int | None) -> dict[str, object]:
    return {
        "event_key": key,
        "cluster_id": cluster_id,
        "event_type": item.event.event_type,
        "occurred_at": item.event.occurred_at,
        "received_at": item.event.received_at,
        "is_quarantined": item.event.quarantined,
        "digest": item.digest,
        "fact": item.fact,
        "raw": item.event.raw,
    }
