"""What Telnyx has said a message costs: each webhook and each detail record by itself. Pure.

A webhook's total is carrier fee and rate; whether a record's `cost` contains its `carrier_fee` is not documented, so
where they differ both are shown (Telnyx facts, section 2; design, rule 3.k).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.common.money import Money
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.records import read_record
from services.telnyx_vocabulary.webhook_events import read_event

RawFact = tuple[str, datetime, str]
"""Event or record type, when it was told, and its raw text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPrice:
    """One statement. `source`: the event type, or `detail record`; `fee` is None where none was told."""

    source: str
    told_at: datetime
    cost: Money
    fee: Money | None
    is_billable: bool = True


def told_prices(events: Iterable[RawFact], records: Iterable[RawFact]) -> tuple[ToldPrice, ...]:
    """All statements by time. What can be read no more, or names no price, is not among them."""
    found = [*_of_events(events), *_of_records(records)]
    return tuple(sorted(found, key=lambda price: price.told_at))


def _of_events(events: Iterable[RawFact]) -> Iterator[ToldPrice]:
    for event_type, told_at, raw in events:
        message = read_event(raw.encode(), told_at, quarantined=False).message if raw else None
        if message is not None and message.total is not None:
            yield ToldPrice(source=event_type, told_at=told_at, cost=message.total, fee=message.carrier_fee)


def _of_records(records: Iterable[RawFact]) -> Iterator[ToldPrice]:
    for record_type, told_at, raw in records:
        known = find_record_type(record_type)
        if known is None or not known.is_message or not raw:
            continue
        record = read_record(raw.encode(), known, told_at)
        if record.cost is not None:
            yield ToldPrice(
                source="detail record",
                told_at=told_at,
                cost=record.cost,
                fee=record.carrier_fee,
                is_billable=record.is_billable,
            )
