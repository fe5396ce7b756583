"""Reading back the facts of clusters."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from services.ledger import tables
from services.ledger.facts import EstimateRate, Facts
from services.ledger.store.fact_codec import decode_event_fact, decode_record_fact
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

RecordKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LoadedCluster:
    """The facts of one cluster, without windows.

    Of each of its records, by (type, id), also when it was first seen at all, and with how many contents.
    """

    facts: Facts
    first_observed_at: dict[RecordKey, datetime]
    content_count: Mapping[RecordKey, int]


@dataclass(slots=True)
class _Records:
    """The records of one cluster, each as the content that counts has it."""

    winners: dict[RecordKey, Any] = field(default_factory=dict)
    first_observed_at: dict[RecordKey, datetime] = field(default_factory=dict)
    content_count: Counter[RecordKey] = field(default_factory=Counter)

    def add(self, row: Any) -> None:
        key = (row.record_type, row.record_id)
        self.content_count[key] += 1
        held = self.winners.get(key)
        # Rule 3.a, over contents rather than single observations: only the winner needs to be decoded.
        if held is None or (row.last_observed_at, row.digest) > (held.last_observed_at, held.digest):
            self.winners[key] = row
        self.first_observed_at[key] = min(
            self.first_observed_at.get(key, row.first_observed_at), row.first_observed_at
        )

    def decoded(self) -> tuple[DetailRecord, ...]:
        """Observed when its content was seen for the first time: seeing it again must not move a record in time."""
        return tuple(decode_record_fact(row.fact, row.first_observed_at) for row in self.winners.values())


def load_clusters(connection: Connection, cluster_ids: Iterable[int]) -> dict[int, LoadedCluster]:
    """The facts of each cluster."""
    ids = sorted(cluster_ids)
    events = _events(connection, ids)
    records = _records(connection, ids)
    rates = _rates(connection, ids)
    return {
        cluster_id: LoadedCluster(
            Facts(
                events=tuple(events[cluster_id]),
                records=records[cluster_id].decoded(),
                rates=tuple(rates[cluster_id]),
            ),
            records[cluster_id].first_observed_at,
            records[cluster_id].content_count,
        )
        for cluster_id in ids
    }


def _events(connection: Connection, ids: list[int]) -> dict[int, list[WebhookEvent]]:
    table = tables.events
    query = select(table.c.cluster_id, table.c.fact, table.c.received_at, table.c.is_quarantined)
    found: dict[int, list[WebhookEvent]] = defaultdict(list)
    for row in connection.execute(query.where(table.c.cluster_id.in_(ids))):
        found[row.cluster_id].append(decode_event_fact(row.fact, row.received_at, row.is_quarantined))
    return found


def _records(connection: Connection, ids: list[int]) -> dict[int, _Records]:
    table = tables.observations
    columns = (
        table.c.cluster_id,
        table.c.record_type,
        table.c.record_id,
        table.c.digest,
        table.c.fact,
        table.c.first_observed_at,
        table.c.last_observed_at,
    )
    found: dict[int, _Records] = defaultdict(_Records)
    for row in connection.execute(select(*columns).where(table.c.cluster_id.in_(ids))):
        found[row.cluster_id].add(row)
    return found


def _rates(connection: Connection, ids: list[int]) -> dict[int, list[EstimateRate]]:
    table = tables.estimate_rates
    found: dict[int, list[EstimateRate]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.cluster_id.in_(ids))):
        rate = EstimateRate(
            call_id=row.call_id,
            nanos_per_minute=row.nanos_per_minute,
            source=row.source,
            booked_at=row.booked_at,
        )
        found[row.cluster_id].append(rate)
    return found
