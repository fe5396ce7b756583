"""Facts that are derived together, in memory: as `services/ledger/store/clusters.py` keeps them in tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.ledger.charges import Charge, Leg
from services.ledger.facts import EstimateRate, Facts, parsed_record
from services.ledger.journal import Booked, Entry
from services.ledger.store.clusters import event_anchors, record_anchors
from services.ledger.store.fact_codec import encode_event_fact, encode_record_fact
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

RecordKey = tuple[str, str]


@dataclass(slots=True)
class Content:
    """One content of one record, and from when to when it was seen. `record` is observed when it was first seen."""

    record: DetailRecord
    digest: bytes
    first_at: datetime
    last_at: datetime


@dataclass(slots=True)
class BookedCharge:
    """A charge as it is booked, with its journal."""

    charge: Charge
    booked: Booked
    entries: list[tuple[datetime, Entry]] = field(default_factory=list)
    merged_into: str | None = None


@dataclass(slots=True, eq=False)
class Cluster:
    """The facts of one cluster, and what the book says of them."""

    number: int
    anchors: set[str] = field(default_factory=set)
    events: dict[tuple[str, bytes], WebhookEvent] = field(default_factory=dict)
    contents: dict[RecordKey, list[Content]] = field(default_factory=dict)
    rates: list[EstimateRate] = field(default_factory=list)
    charges: dict[tuple[str, str, str], BookedCharge] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    homes: dict[RecordKey, tuple[str, str]] = field(default_factory=dict)
    open_keys: set[tuple[str, str]] = field(default_factory=set)

    def facts(self) -> Facts:
        """What derivation is told, without windows."""
        return Facts(
            events=tuple(self.events.values()),
            records=tuple(_winner(contents).record for contents in self.contents.values()),
            rates=tuple(self.rates),
        )

    def take(self, other: "Cluster") -> None:
        """All of another cluster becomes part of this one."""
        self.anchors |= other.anchors
        self.events |= other.events
        for key, contents in other.contents.items():
            self.contents.setdefault(key, []).extend(contents)
        self.rates += other.rates
        self.charges |= other.charges
        self.legs |= other.legs
        self.homes |= other.homes
        self.open_keys |= other.open_keys


def _winner(contents: list[Content]) -> Content:
    if len(contents) == 1:
        return contents[0]
    return max(contents, key=lambda content: (content.last_at, content.digest))


class Clusters:
    """All clusters, found by the ids that connect their facts."""

    def __init__(self) -> None:
        self._of_anchor: dict[str, Cluster] = {}
        self._of_event: dict[str, Cluster] = {}
        self._of_record: dict[RecordKey, Cluster] = {}
        self._same_text: dict[tuple[str, bytes], Content] = {}
        self._count = 0

    def all(self) -> list[Cluster]:
        """Every cluster once, in order of its number."""
        return sorted(set(self._of_anchor.values()), key=lambda cluster: cluster.number)

    def of_anchor(self, anchor: str) -> Cluster | None:
        """The cluster that an id leads to."""
        return self._of_anchor.get(anchor)

    def has_record(self, key: RecordKey) -> bool:
        """Whether any content of a record is known."""
        return key in self._of_record

    def add_event(self, event: WebhookEvent) -> Cluster | None:
        """Add an event; gives the cluster that must be derived again, None where nothing changed."""
        _, digest = encode_event_fact(event)
        key = (event.event_id, digest)
        held = self._of_event.get(event.event_id)
        known = held.events.get(key) if held is not None else None
        if held is not None and known is not None:
            received_at = min(known.received_at, event.received_at)
            is_quarantined = known.quarantined and event.quarantined
            if (received_at, is_quarantined) == (known.received_at, known.quarantined):
                return None
            held.events[key] = replace(known, received_at=received_at, quarantined=is_quarantined)
            return held
        cluster = self._enter(event_anchors(event), held)
        cluster.events[key] = event
        self._of_event[event.event_id] = cluster
        return cluster

    def add_record(self, record: DetailRecord) -> Cluster | None:
        """Add an observation; gives the cluster that must be derived again, None where nothing changed."""
        key, at = (record.record_type, record.record_id), record.observed_at
        held = self._of_record.get(key)
        same = self._same_text.get((record.record_type, record.raw))
        if same is None:
            _, digest = encode_record_fact(record)
            known = [content for content in held.contents[key] if content.digest == digest] if held else []
            if not known:
                return self._add_content(record, digest, held)
            same = self._same_text[record.record_type, record.raw] = known[0]
        assert held is not None
        is_earlier = at < same.first_at
        if not is_earlier and at <= same.last_at:
            return None
        same.last_at = max(same.last_at, at)
        if is_earlier:
            same.first_at = at
            same.record = replace(same.record, observed_at=at)
        return held if is_earlier or len(held.contents[key]) > 1 else None

    def resolved(self, clusters: Iterable[Cluster]) -> list[Cluster]:
        """The clusters as they are now, after some may have been joined, in order of their numbers."""
        now = {self._of_anchor[next(iter(cluster.anchors))] for cluster in clusters}
        return sorted(now, key=lambda cluster: cluster.number)

    def _add_content(self, record: DetailRecord, digest: bytes, held: Cluster | None) -> Cluster:
        key, at = (record.record_type, record.record_id), record.observed_at
        cluster = self._enter(record_anchors(record), held)
        content = Content(replace(parsed_record(record), observed_at=at), digest, at, at)
        cluster.contents.setdefault(key, []).append(content)
        self._of_record[key] = cluster
        self._same_text[record.record_type, record.raw] = content
        return cluster

    def _enter(self, anchors: Iterable[str], held: Cluster | None) -> Cluster:
        found = {cluster for anchor in anchors if (cluster := self._of_anchor.get(anchor)) is not None}
        if held is not None:
            found.add(held)
        if not found:
            self._count += 1
            cluster = Cluster(self._count)
        else:
            cluster, *absorbed = sorted(found, key=lambda one: one.number)
            for other in absorbed:
                self._absorb(cluster, other)
        for anchor in anchors:
            self._of_anchor[anchor] = cluster
            cluster.anchors.add(anchor)
        return cluster

    def _absorb(self, cluster: Cluster, other: Cluster) -> None:
        cluster.take(other)
        for anchor in other.anchors:
            self._of_anchor[anchor] = cluster
        for event_id, _ in other.events:
            self._of_event[event_id] = cluster
        for key in other.contents:
            self._of_record[key] = cluster


def first_seen(contents: Iterable[Content]) -> datetime:
    """When a record was first seen, whatever it said."""
    return min(content.first_at for content in contents)
