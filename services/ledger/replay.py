"""Running kept webhook events again, the way they once came: the book must not change by it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.common.errors import Unavailable
from services.ledger import failpoints
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


class Replayer:
    """Replays the events of one book, once at a time."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._is_busy = False

    async def replay(
        self, from_at: datetime | None, to_at: datetime | None
    ) -> AsyncGenerator[Replayed, None]:
        """Hand the events that were received in a range to the book again, batch by batch; tells after each.

        What live events cause meanwhile is not counted: a batch tells what its own transaction did. Raises Unavailable,
        also while another replay runs, and Conflict; what was run by then has had its effect, which is none.
        """
        if self._is_busy:
            raise Unavailable("events are being replayed already: try again when that has ended")
        self._is_busy = True
        try:
            async with aclosing(self._replay(from_at, to_at)) as steps:
                async for told in steps:
                    yield told
        finally:
            self._is_busy = False

    async def _replay(
        self, from_at: datetime | None, to_at: datetime | None
    ) -> AsyncGenerator[Replayed, None]:
        database = self._book.database
        last_id = await database.read_async(last_event_id)
        wanted = ReceiptRange(from_at=from_at, to_at=to_at, last_id=last_id)
        told = Replayed(0, await database.read_async(partial(count_events, wanted=wanted)))
        yield told
        place = BEFORE_ALL
        while True:
            events, place = await database.read_async(
                partial(events_after, wanted=wanted, place=place, limit=_EVENTS_AT_ONCE)
            )
            if not events:
                return
            recorded = await asyncio.to_thread(self._book.replay_events, events)
            failpoints.EVENTS_REPLAYED.reached()
            told = Replayed(
                told.done_count + len(events),
                max(told.total_count, told.done_count + len(events)),
                told.new_count + recorded.new_count,
                told.entry_count + recorded.entry_count,
            )
            yield told
