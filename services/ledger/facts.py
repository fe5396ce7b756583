"""The facts that a book is derived from. Facts are only ever added (design, section 3)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import msgspec

from services.common.times import EPOCH
from services.ledger.learned_rates import NOTHING_LEARNED, LearnedRates
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

NO_MOMENT = EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRate:
    """The rate at which a leg was first estimated: fixed from then on, whatever the settings say later."""

    call_id: str
    nanos_per_minute: int
    source: str
    booked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenWindow:
    """A sweep that read a whole window of one type and found exactly the records that the ledger holds there.

    `row_count` is what Telnyx counted. `is_proven`: the query is known to work, so that its silence means something:
    it returned rows, or the same form of query did so within the 7 days before (rule 3.n).
    """

    record_type: str
    from_at: datetime
    to_at: datetime
    read_at: datetime
    row_count: int
    is_proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReading:
    """What one answer of usage_reports said that a type cost on one UTC day.

    `is_zero`: 0 in every currency. `has_spoken`: the same API key had returned records within the 7 days before, so
    that its 0 is not that of some other, empty account.
    """

    record_type: str
    day: date
    account_key: str
    read_at: datetime
    is_zero: bool
    has_spoken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All facts of one cluster, with the windows that may close what it waits for. Order carries no meaning."""

    events: tuple[WebhookEvent, ...] = ()
    records: tuple[DetailRecord, ...] = ()
    rates: tuple[EstimateRate, ...] = ()
    windows: tuple[ProvenWindow, ...] = ()
    usage: tuple[UsageReading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings that the rules of the money know, and the rates for calls that are estimated for the first time."""

    base_types: tuple[str, ...] = ("sip-trunking", "call-control")
    settle_horizon: timedelta = timedelta(hours=24)
    fallback_nanos_per_minute: int = 15_000_000
    account_currency: str = "USD"
    rates: LearnedRates = NOTHING_LEARNED


def parsed_record(record: DetailRecord) -> DetailRecord:
    """What an observation says, apart from when it was read and from the raw text."""
    return replace(record, observed_at=NO_MOMENT, raw=b"")


def parsed_event(event: WebhookEvent) -> WebhookEvent:
    """What an event says, apart from how it was delivered and from the raw text (which counts the attempts)."""
    return replace(event, received_at=NO_MOMENT, quarantined=False, raw=b"")


def _digest(parsed: DetailRecord | WebhookEvent) -> bytes:
    return hashlib.sha256(msgspec.msgpack.encode(parsed)).digest()


def winning_records(observations: tuple[DetailRecord, ...]) -> list[DetailRecord]:
    """Of each record the observation that counts: the greatest (observed_at, digest) (rule 3.a), in key order."""
    winners: dict[tuple[str, str], DetailRecord] = {}
    for seen in observations:
        key = (seen.record_type, seen.record_id)
        held = winners.get(key)
        if held is None or _is_later(seen, held):
            winners[key] = seen
    return [winners[key] for key in sorted(winners)]


def _is_later(seen: DetailRecord, held: DetailRecord) -> bool:
    if seen.observed_at != held.observed_at:
        return seen.observed_at > held.observed_at
    return _digest(parsed_record(seen)) > _digest(parsed_record(held))


def effective_events(events: tuple[WebhookEvent, ...], records: list[DetailRecord]) -> list[WebhookEvent]:
    """The events that have an effect, by (occurred_at, event_id).

    One id counts once: should it ever come with different contents, a fresh delivery goes before a quarantined
    one, then the smaller digest, then the earlier receipt, so that the order of arrival cannot matter. A quarantined
    event counts only once a record of its leg, session or message confirms it (design, section 2).
    """
    chosen: dict[str, WebhookEvent] = {}
    for event in events:
        held = chosen.get(event.event_id)
        if held is None or _preference(event) < _preference(held):
            chosen[event.event_id] = event
    counting: Iterable[WebhookEvent] = chosen.values()
    if any(event.quarantined for event in counting):
        confirmed = {anchor for record in records for anchor in _record_ids(record)}
        counting = (
            event
            for event in chosen.values()
            if not event.quarantined or not confirmed.isdisjoint(_event_ids(event))
        )
    return sorted(counting, key=lambda event: (event.occurred_at, event.event_id))


def _preference(event: WebhookEvent) -> tuple[bool, bytes, datetime]:
    return (event.quarantined, _digest(parsed_event(event)), event.received_at)


def _record_ids(record: DetailRecord) -> list[tuple[str, str]]:
    ids = [("call", record.call_control_id), ("leg", record.leg_id), ("session", record.session_id)]
    if record.record_type == "messaging":
        ids.append(("message", record.record_id))
    return [pair for pair in ids if pair[1]]


def _event_ids(event: WebhookEvent) -> list[tuple[str, str]]:
    if event.message:
        return [("message", event.message.message_id)]
    ids = [("call", event.call_control_id), ("leg", event.leg_id), ("session", event.session_id)]
    return [pair for pair in ids if pair[1]]
