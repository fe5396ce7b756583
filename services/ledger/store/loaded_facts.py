"""The facts of clusters: read back, or as they are about to be written."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, select

from services.common.value_lists import is_among_given
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


class EventFact(NamedTuple):
    """What is kept of one content of an event."""

    cluster_id: int
    fact: bytes
    received_at: datetime
    is_quarantined: bool


class RecordFact(NamedTuple):
    """What is kept of one content of a detail record."""

    cluster_id: int
    record_type: str
    record_id: str
    digest: bytes
    fact: bytes
    first_observed_at: datetime
    last_observed_at: datetime


@dataclass(slots=True)
class _Records:
    """The records of one cluster, each as the content that counts has it."""

    winners: dict[RecordKey, RecordFact] = field(default_factory=dict)
    first_observed_at: dict[RecordKey, datetime] = field(default_factory=dict)
    content_count: Counter[RecordKey] = field(default_factory=Counter)

    def add(self, row: RecordFact) -> None:
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
    if not ids:
        return {}
    wanted = {"cluster_ids": ids}
    events = map(EventFact._make, connection.execute(_EVENTS, wanted))
    records = map(RecordFact._make, connection.execute(_RECORDS, wanted))
    return clusters_of(ids, events, records, _rates(connection, ids))


def clusters_of(
    cluster_ids: Iterable[int],
    events: Iterable[EventFact],
    records: Iterable[RecordFact],
    rates: Mapping[int, list[EstimateRate]],
) -> dict[int, LoadedCluster]:
    """Clusters of which these are all the facts."""
    events_of: dict[int, list[WebhookEvent]] = defaultdict(list)
    for event in events:
        decoded = decode_event_fact(event.fact, event.received_at, event.is_quarantined)
        events_of[event.cluster_id].append(decoded)
    records_of: dict[int, _Records] = defaultdict(_Records)
    for record in records:
        records_of[record.cluster_id].add(record)
    loaded = {}
    for cluster_id in cluster_ids:
        found = records_of[cluster_id]
        facts = Facts(
            events=tuple(events_of[cluster_id]),
            records=found.decoded(),
            rates=tuple(rates.get(cluster_id, ())),
        )
        loaded[cluster_id] = LoadedCluster(facts, found.first_observed_at, found.content_count)
    return loaded


def _selected(table: Table, names: Iterable[str]) -> Select[Any]:
    return select(*(table.c[name] for name in names)).where(is_among_given(table.c.cluster_id, "cluster_ids"))


_EVENTS = _selected(tables.events, EventFact._fields)
_RECORDS = _selected(tables.observations, RecordFact._fields)
_RATES = _selected(
    tables.estimate_rates, ("cluster_id", "call_id", "nanos_per_minute", "source", "booked_at")
)


def _rates(connection: Connection, ids: list[int]) -> dict[int, list[EstimateRate]]:
    found: dict[int, list[EstimateRate]] = defaultdict(list)
    for row in connection.execute(_RATES, {"cluster_ids": ids}):
        rate = EstimateRate(
            call_id=row.call_id,
            nanos_per_minute=row.nanos_per_minute,
            source=row.source,
            booked_at=row.booked_at,
        )
        found[row.cluster_id].append(rate)
    return found
