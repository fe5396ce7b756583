"""Books what was taken in: one worker, beside the acknowledgements of what still comes."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial

import structlog

from services.common.clock import Clock
from services.common.errors import DiskFull, TollbookError
from services.ledger import failpoints
from services.ledger.intake.backlog import Backlog
from services.ledger.intake.booking import Booked, book_but_refused
from services.ledger.intake.booking_pace import pause_s
from services.ledger.intake.intake_store import IntakeStore
from services.ledger.intake.requests import request_of
from services.ledger.metrics import BOOKING_SECONDS, EVENTS, REFUSED_EVENTS
from services.ledger.store.book import Book
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_FIRST_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 5.0
_log = structlog.get_logger()


class Booker:
    """Takes the head of the backlog, books it, forgets its rows; a head that cannot be booked now is tried again."""

    def __init__(self, book: Book, store: IntakeStore, backlog: Backlog, clock: Clock) -> None:
        self._book = book
        self._store = store
        self._backlog = backlog
        self._clock = clock
        self.is_stopped = False
        """Whether nothing more will be booked."""
        self._hurry = asyncio.Event()
        self._done_rows: list[int] = []
        self._refused: list[bytes] = []

    @property
    def booked_ids(self) -> Collection[int]:
        """Rows of the intake that are booked, and not forgotten yet."""
        return tuple(self._done_rows)

    async def run(self) -> None:
        """Book until stopped."""
        while True:
            await self._backlog.until(lambda: self.is_stopped or not self._backlog.is_empty)
            if self.is_stopped:
                return
            await self._book_head()

    def hurry(self) -> None:
        """No pauses from now on, and no second attempts: the process is about to end."""
        self._hurry.set()

    def stop(self) -> None:
        """End `run` after the booking that is under way."""
        self.is_stopped = True
        self.hurry()
        self._backlog.wake()

    async def _book_head(self) -> None:
        head = self._backlog.head()
        started_s = self._clock.monotonic_s()
        booked = await self._try_until_booked([event for portion in head for event in portion.events])
        if booked is None:
            return
        booking_s = self._clock.monotonic_s() - started_s
        BOOKING_SECONDS.labels("taken_in").observe(booking_s)
        failpoints.INTAKE_BOOKED.reached()
        self._backlog.remove(head)
        self._done_rows += [portion.row_id for portion in head if portion.is_last]
        self._refused += [request_of([event]) for event in booked.refused]
        await self._forget()
        await self._rest(pause_s(booking_s, self._backlog.idle_s(), self._backlog.oldest_s()))

    async def _try_until_booked(self, events: Sequence[WebhookEvent]) -> Booked | None:
        """What became of the events; None if the process is to end before that."""
        backoff_s = _FIRST_BACKOFF_S
        while True:
            try:
                booked = await asyncio.to_thread(partial(book_but_refused, self._book, events))
            except TollbookError as error:
                if isinstance(error, DiskFull):
                    self._store.room.refused("booking")
                    # Readers wait in vain, and are told so.
                    self._backlog.wake()
                _log.warning("events.booking_delayed", count=len(events), message=error.detail)
            except Exception:  # noqa: BLE001 - whatever it was, these events are acknowledged
                _log.exception("events.booking_delayed", count=len(events))
            else:
                self._store.room.took("booking")
                EVENTS.labels("new").inc(booked.new_count)
                EVENTS.labels("repeated").inc(len(events) - booked.new_count - len(booked.refused))
                return booked
            await self._rest(backoff_s)
            if self._hurry.is_set():
                self.stop()
                return None
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    async def _forget(self) -> None:
        """Remove what is booked, keeping what was refused; what fails here is done after the next booking.

        A process that ends before that finds the rows again, and books them without effect.
        """
        try:
            await self._store.remove(self._done_rows, self._refused)
        except TollbookError as error:
            _log.warning("intake.forgetting_failed", message=error.detail)
            return
        if self._refused:
            REFUSED_EVENTS.inc(len(self._refused))
        self._done_rows.clear()
        self._refused.clear()

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
