"""What Telnyx told of a call or message, word for word: webhook bodies and detail records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.pages.record.bill_messages import money_of
from gateway.pages.record.bill_view import RecordKey
from gateway.pages.record.part_words import part_name
from gateway.pages.record.raw_text import RawText, within_bounds
from services.common.money import Money
from services.common.times import EPOCH
from services.common.wire import optional_time
from tollbook.ledger.v1 import book_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """A webhook. `anchor` is where the page shows it in full; `call_id` is empty where it names a session only."""

    anchor: str
    event_id: str
    event_type: str
    occurred_at: datetime
    received_at: datetime
    is_quarantined: bool
    call_id: str
    raw: RawText


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """One reading of a detail record. `cost` is None where it cannot be read."""

    anchor: str
    name: str
    record_type: str
    record_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    counts: bool
    call_id: str
    cost: Money | None
    raw: RawText


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsView:
    """All of them, oldest first. `is_truncated`: the book has more than it tells at once."""

    events: tuple[EventView, ...]
    records: tuple[RecordView, ...]
    is_truncated: bool

    @property
    def anchors(self) -> dict[RecordKey, str]:
        """Where the reading that counts of each record is shown."""
        return {
            (record.record_type, record.record_id): record.anchor for record in self.records if record.counts
        }


def facts_view(
    events: Iterable[book_pb2.EventFact],
    records: Iterable[book_pb2.RecordFact],
    *,
    is_truncated: bool = False,
) -> FactsView:
    """The facts with their raw texts, as far as the bounds of one page go: records first, since they are the bill."""
    listed_events, listed_records = list(events), list(records)
    texts = within_bounds(
        [*(fact.raw_json for fact in listed_records), *(fact.raw_json for fact in listed_events)]
    )
    return FactsView(
        events=_events(listed_events, texts[len(listed_records) :]),
        records=_records(listed_records, texts),
        is_truncated=is_truncated,
    )


def _events(facts: Sequence[book_pb2.EventFact], texts: Sequence[RawText]) -> tuple[EventView, ...]:
    return tuple(
        EventView(
            anchor=f"event-{number}",
            event_id=fact.event_id,
            event_type=fact.event_type,
            occurred_at=optional_time(fact, "occurred_time") or EPOCH,
            received_at=optional_time(fact, "received_time") or EPOCH,
            is_quarantined=fact.quarantined,
            call_id=fact.telnyx_call_id,
            raw=raw,
        )
        for number, (fact, raw) in enumerate(zip(facts, texts, strict=True), start=1)
    )


def _records(facts: Sequence[book_pb2.RecordFact], texts: Sequence[RawText]) -> tuple[RecordView, ...]:
    return tuple(
        RecordView(
            anchor=f"record-{number}",
            name=part_name(fact.record_type),
            record_type=fact.record_type,
            record_id=fact.record_id,
            first_seen_at=optional_time(fact, "first_observed_time") or EPOCH,
            last_seen_at=optional_time(fact, "last_observed_time") or EPOCH,
            counts=fact.counts,
            call_id=fact.telnyx_call_id,
            cost=money_of(fact.cost) if fact.HasField("cost") else None,
            raw=raw,
        )
        for number, (fact, raw) in enumerate(zip(facts, texts, strict=False), start=1)
    )
