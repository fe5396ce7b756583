"""Running kept webhook events again, the way they once came: the book must not change by it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.ledger.store.book import Book
from services.ledger.store.kept_events import (
    BEFORE_ALL,
    ReceiptRange,
    count_events,
    events_after,
    last_event_id,
)

_EVENTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Replayed:
    """How far it is, and what the events so far caused: new events and entries, of which a sound book has none."""

    done_count: int
    total_count: int
    new_count: int = 0
    entry_count: int = 0


async def replay_events(
    book: Book, from_at: datetime | None, to_at: datetime | None
) -> AsyncGenerator[Replayed, None]:
    """Hand the events that were received in a range to the book again, batch by batch; tells after each.

    What live events cause meanwhile is not counted: a batch tells what its own transaction did. Raises Conflict and
    Unavailable; what was run by then has had its effect, which is none.
    """
    wanted = ReceiptRange(from_at=from_at, to_at=to_at, last_id=await book.database.read_async(last_event_id))
    total = await book.database.read_async(partial(count_events, wanted=wanted))
    told = Replayed(0, total)
    place = BEFORE_ALL
    yield told
    while True:
        events, place = await book.database.read_async(
            partial(events_after, wanted=wanted, place=place, limit=_EVENTS_AT_ONCE)
        )
        if not events:
            return
        recorded = await asyncio.to_thread(book.replay_events, events)
        told = Replayed(
            told.done_count + len(events),
            max(total, told.done_count + len(events)),
            told.new_count + recorded.new_count,
            told.entry_count + recorded.entry_count,
        )
        yield told
