"""Where webhook events come in: booked at once, or taken in and booked soon."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import anyio.to_thread

from services.common.database import open_beside
from services.common.errors import Conflict, DiskFull, TollbookError, Unavailable
from services.common.migrations import migrate
from services.ledger.intake.admission_rule import IntakeLimits, Verdict, decide, has_room, is_booked_at_once
from services.ledger.intake.backlog import Backlog
from services.ledger.intake.booker import Booker
from services.ledger.intake.intake_store import IntakeStore
from services.ledger.intake.leftovers import Leftovers
from services.ledger.intake.refused_records import RefusedRecords
from services.ledger.intake.room import Room
from services.ledger.intake.shared_intake import SharedIntake
from services.ledger.metrics import BOOKING_SECONDS, EVENTS, OLDEST_WAITING_S
from services.ledger.store.book import Book
from services.ledger.store.fact_faults import FactFault
from services.telnyx_vocabulary.webhook_event import WebhookEvent

MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "ledger_intake_schema_version"
FILE_SUFFIX = ".intake"

_BOOKING_PATIENCE_S = 10.0
_ROOM_PAUSE_S = 2.0
_ROOM_PATIENCE_S = 3.0
_DRAIN_S = 3.0


class Intake:
    """Takes webhook events in and has them booked. Lives in one event loop; made by `open_intake`."""

    def __init__(self, book: Book, store: IntakeStore, limits: IntakeLimits, last_id: int) -> None:
        self._book = book
        self._store = store
        self._limits = limits
        self._backlog = Backlog(book.clock)
        self._leftovers = Leftovers(store, self._backlog, last_id)
        self._booker = Booker(book, store, self._backlog, book.clock)
        is_shared = book.database.kind == "postgresql"
        self._shared = SharedIntake(store, lambda: self._booker.booked_ids) if is_shared else None
        self._at_once_calls = 0
        self._threads = anyio.CapacityLimiter(limits.at_once_calls)
        self._appends: set[asyncio.Task[None]] = set()
        self._opened_s = book.clock.monotonic_s()

    @property
    def room(self) -> Room:
        """Whether the disk has room for more."""
        return self._store.room

    @property
    def refused_records(self) -> RefusedRecords:
        """The detail records that the book refused."""
        return self._store.refused_records

    async def refused_faults(self) -> list[FactFault]:
        """What the book refused of events and records, as faults of its facts. Raises Unavailable."""
        return await self._store.faults()

    async def record(self, events: list[WebhookEvent], encode: Callable[[], bytes]) -> int:
        """Return once the events cannot be lost; tells how many were new if they were booked, else 0.

        `encode` gives them as a request. Raises Conflict, DiskFull; Unavailable also when too many are waiting.
        """
        self.room.require()
        load = self._backlog.load(self._at_once_calls)
        if is_booked_at_once(len(events), load, self._limits):
            try:
                return await self._book_at_once(events)
            except Exception as error:
                # What the book cannot take is taken in like a burst: there it is found out, kept, and in nobody's way.
                if isinstance(error, Conflict | Unavailable) and not isinstance(error, DiskFull):
                    raise
        await self._take_in(events, encode())
        return 0

    async def record_until_booked(self, events: list[WebhookEvent]) -> int:
        """Return once the events are booked; tells how many were new. Raises InvalidInput, Conflict, Unavailable."""
        await self.caught_up(_BOOKING_PATIENCE_S)
        return await self._book_at_once(events)

    async def caught_up(self, patience_s: float) -> None:
        """Return once everything is booked that was acknowledged before, by any ledger of the book.

        Raises Unavailable if that takes longer; DiskFull at once while there is no room to book anything.
        """
        room, count = self.room, self._backlog.added_count

        def is_booked() -> bool:
            return self._leftovers.are_booked and self._backlog.has_removed(count)

        try:
            async with asyncio.timeout(patience_s):
                await self._backlog.until(lambda: is_booked() or room.is_short)
                if self._shared is not None and not room.is_short:
                    await self._shared.booked()
            room.require()
        except TimeoutError:
            raise Unavailable(
                "webhooks come in faster than they can be booked just now: ask again in a moment",
                retry_after_s=1,
            ) from None

    def unbooked_s(self) -> float | None:
        """How long the first event has been waiting that is acknowledged and not booked; None where none waits.

        What an earlier process left counts from the start of this one.
        """
        if not self._leftovers.are_booked:
            return self._book.clock.monotonic_s() - self._opened_s
        return None if self._backlog.is_empty else self._backlog.oldest_s()

    async def drop_raw_texts(self, keep: timedelta) -> int:
        """Drop the raw texts of facts that the book refused and that are too old; returns from how many."""
        before = self._book.clock.now() - keep
        count = await self._store.drop_raw_texts(before)
        return count + await self.refused_records.drop_raw_texts(before)

    async def run(self) -> None:
        """Book what was left, and what is taken in, until `close`."""
        OLDEST_WAITING_S.set_function(self._backlog.oldest_s)
        leftovers = asyncio.create_task(self._leftovers.keep_booking(), name="intake-leftovers")
        looking = asyncio.create_task(self._look_for_room(), name="intake-room")
        try:
            await self._booker.run()
        finally:
            leftovers.cancel()
            looking.cancel()

    async def _look_for_room(self) -> None:
        """While the intake refuses to grow, see now and then whether it still does. The booker sees to the book."""
        while True:
            await asyncio.sleep(_ROOM_PAUSE_S)
            if self.room.is_short:
                with suppress(TollbookError):
                    await self._store.try_to_grow()

    def hurry(self) -> None:
        """Book without pauses from now on: the process is about to end."""
        self._booker.hurry()

    async def close(self) -> None:
        """Book what is there if that takes but a moment; what is not booked by then stays for the next start."""
        self.hurry()
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                while self._appends:
                    await asyncio.wait(self._appends)
                await self._backlog.until(lambda: self._backlog.is_empty or self._booker.is_stopped)
        self._booker.stop()

    async def _book_at_once(self, events: list[WebhookEvent]) -> int:
        self._at_once_calls += 1
        try:
            with BOOKING_SECONDS.labels("at_once").time():
                new_count = await anyio.to_thread.run_sync(
                    self._book.record_events, events, limiter=self._threads
                )
        finally:
            self._at_once_calls -= 1
        EVENTS.labels("new").inc(new_count)
        EVENTS.labels("repeated").inc(len(events) - new_count)
        return new_count

    async def _take_in(self, events: list[WebhookEvent], request: bytes) -> None:
        verdict = decide(len(events), len(request), self._backlog.load(), self._limits)
        if verdict is not Verdict.TAKE_IN:
            await self._wait_for_room(verdict, len(events), len(request))
        self._backlog.reserve(len(events), len(request))
        # What is durable must be booked, also when its sender has hung up meanwhile.
        append = asyncio.create_task(self._append(events, request))
        self._appends.add(append)
        append.add_done_callback(self._ended)
        await asyncio.shield(append)

    def _ended(self, append: asyncio.Task[None]) -> None:
        self._appends.discard(append)
        if not append.cancelled():
            # Of a sender that has hung up nobody else asks whether it failed; it will send the events again.
            append.exception()

    async def _wait_for_room(self, verdict: Verdict, event_count: int, byte_count: int) -> None:
        with suppress(TimeoutError):
            if verdict is Verdict.WAIT:
                await self._backlog.until_room(
                    lambda: has_room(event_count, byte_count, self._backlog.load(), self._limits),
                    _ROOM_PATIENCE_S,
                )
                return
        raise Unavailable(
            "more webhooks wait to be booked than can be kept: send them again", retry_after_s=1
        )

    async def _append(self, events: list[WebhookEvent], request: bytes) -> None:
        try:
            row_id = await self._store.append(request)
        except BaseException:
            self._backlog.release(len(events), len(request))
            raise
        self._backlog.add(row_id, events, len(request))


@asynccontextmanager
async def open_intake(book: Book, limits: IntakeLimits | None = None) -> AsyncIterator[Intake]:
    """The intake of a book, booking while the context is open. Raises StartError."""
    async with open_intake_store(book) as store:
        intake = Intake(book, store, limits or IntakeLimits(), await store.last_id())
        running = asyncio.create_task(intake.run(), name="intake")
        try:
            yield intake
        finally:
            await intake.close()
            await running


@asynccontextmanager
async def open_intake_store(book: Book) -> AsyncIterator[IntakeStore]:
    """The store of a book's intake; its table is made, or brought up to date.

    On SQLite it is a file of its own, `<book>.intake`, so that an acknowledgement never waits for a booking; on
    PostgreSQL a table beside the book's. Raises StartError.
    """
    has_file = book.database.kind == "sqlite"
    database = open_beside(book.database, FILE_SUFFIX) if has_file else book.database
    try:
        await asyncio.to_thread(migrate, database, MIGRATIONS, VERSION_TABLE)
        yield IntakeStore(database, book.clock)
    finally:
        if has_file:
            database.close()
