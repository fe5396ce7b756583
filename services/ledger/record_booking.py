"""Booking detail records of which the book may refuse some."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import anyio.to_thread

from services.ledger.intake.refused_records import RefusedRecords
from services.ledger.metrics import RECORDS
from services.ledger.periodic import keep_doing
from services.ledger.refusals import write_but_refused
from services.ledger.store.book import Book
from services.telnyx_vocabulary.detail_record import DetailRecord

_WRITER_THREADS = 8
_PAUSE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class BookedRecords:
    """How many records were new to the book, and how many it knew otherwise."""

    new_count: int
    changed_count: int


class RecordBooking:
    """Books records; those that the book refuses are kept aside, and hold up no other."""

    def __init__(self, book: Book, refused: RefusedRecords) -> None:
        self._book = book
        self._refused = refused
        self._threads = anyio.CapacityLimiter(_WRITER_THREADS)

    async def book(self, records: Sequence[DetailRecord]) -> BookedRecords:
        """Return when all that can be booked is. Raises Conflict, Unavailable; some may be booked by then."""
        added, refusals = await anyio.to_thread.run_sync(
            partial(write_but_refused, self._book.record_observations, records), limiter=self._threads
        )
        if refusals:
            await self._refused.keep(refusals)
        booked = BookedRecords(
            sum(each.new_count for each in added), sum(each.changed_count for each in added)
        )
        RECORDS.labels("new").inc(booked.new_count)
        RECORDS.labels("changed").inc(booked.changed_count)
        RECORDS.labels("refused").inc(len(refusals))
        return booked

    async def try_again(self) -> None:
        """Book what was refused once and can be booked now. Raises Conflict, Unavailable."""
        kept = await self._refused.all()
        if kept:
            work = partial(write_but_refused, self._book.record_observations, kept)
            _, refusals = await anyio.to_thread.run_sync(work, limiter=self._threads)
            still = {id(refusal.fact) for refusal in refusals}
            await self._refused.forget([record for record in kept if id(record) not in still])


async def keep_trying_refused(book: Book, refused: RefusedRecords) -> None:
    """Hand the book what it once refused, now and each hour; never ends."""
    await keep_doing("refused_records.book", RecordBooking(book, refused).try_again, _PAUSE_S)
