"""Telling charges to those who watch, as they change."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import structlog

from services.common.database import Database
from services.common.deadlines import on_its_own
from services.common.errors import InvalidInput, TollbookError, Unavailable
from services.ledger.positions import read_position, write_position
from services.ledger.store.journal_tail import (
    Tail,
    begin,
    entries_after,
    last_entry_id,
    load_charges,
    look,
    prove,
)
from services.ledger.watcher import MAX_CHARGES, Changes, Watcher

MAX_WATCHERS = 64

_POLL_S = 0.25
_PROOF_POLL_S = 0.02
_PROOF_TIMEOUT_S = 5.0
_log = structlog.get_logger()


class ChargeFeed:
    """One look at the journal for all who watch, four times a second, and none while nobody does.

    Lives in one event loop. Writers do not know of it: what they commit is seen by looking.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._joining = asyncio.Event()
        self._is_closed = False

    @property
    def is_looking(self) -> bool:
        """Whether the journal is being followed."""
        return self._task is not None

    def close(self) -> None:
        """End every watch; there will be no new ones."""
        self._is_closed = True
        self._end_all(Unavailable("the ledger is about to stop: watch again from the last position"))
        if self._task is not None:
            self._task.cancel()

    async def watch(self, position: str) -> AsyncGenerator[Changes, None]:
        """Charges as they change behind a position, from now on if it is empty, until the caller stops asking.

        The first answer comes at once, if need be without charges. Raises InvalidInput for a position that is none or
        lies in the future; Unavailable when there are too many watchers, when this one is too slow, when a writer
        does not end, when the database is away, and when the process is about to stop.
        """
        from_id = read_position(position) if position else None
        async with self._joined() as watcher:
            if from_id is None:
                yield Changes((), write_position(watcher.told_id))
            else:
                async with aclosing(self._catch_up(watcher, from_id)) as missed:
                    async for changes in missed:
                        yield changes
            while True:
                yield await watcher.take()

    @asynccontextmanager
    async def _joined(self) -> AsyncIterator[Watcher]:
        if self._is_closed:
            raise Unavailable("the ledger is about to stop: watch again later")
        if len(self._watchers) >= MAX_WATCHERS:
            raise Unavailable(f"{MAX_WATCHERS} watch this ledger already: share a stream, or try again later")
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            self._joining.set()
            if self._task is None:
                with on_its_own():
                    self._task = asyncio.create_task(self._follow(), name="charge-feed")
            await watcher.wait_for_begin()
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def _catch_up(self, watcher: Watcher, from_id: int) -> AsyncGenerator[Changes, None]:
        """What changed behind a position and can be read by now. What turns up meanwhile waits with the watcher."""
        if from_id > await self._database.read_async(last_entry_id):
            raise InvalidInput("this position lies in the future: watch again without one", "position")
        final_id, watcher.told_id = watcher.told_id, from_id
        while True:
            entries = await self._database.read_async(
                partial(entries_after, entry_id=from_id, limit=MAX_CHARGES)
            )
            changed = list(dict.fromkeys(row.billing_id for row in entries))
            charges = await self._database.read_async(partial(load_charges, billing_ids=changed))
            if entries:
                from_id = entries[-1].id
            # Beyond what is final an entry may still turn up: the position must not be behind it.
            watcher.told_id = max(watcher.told_id, min(from_id, final_id))
            yield Changes(tuple(charges), write_position(watcher.told_id))
            if len(entries) < MAX_CHARGES:
                return

    async def _follow(self) -> None:
        """Look at the journal for as long as anybody watches."""
        error: TollbookError = Unavailable("the ledger lost sight of its journal: watch again")
        try:
            tail = await self._begin()
            charges: Sequence[Any] = ()
            while self._watchers:
                for watcher in self._watchers:
                    watcher.publish(charges, tail.final_id)
                await self._pause()
                tail, charges = await self._look(tail)
        except TollbookError as reason:
            error = reason
        except Exception:  # noqa: BLE001 - whoever watches must be told, whatever it was
            _log.exception("charge_feed.failed", message="the journal could not be followed any more")
        finally:
            # Without a pause: whoever joins from now on finds no task and begins anew.
            self._task = None
            self._end_all(error)

    async def _pause(self) -> None:
        """Until it is time for the next look, or somebody joins, who begins with it."""
        try:
            async with asyncio.timeout(_POLL_S):
                await self._joining.wait()
        except TimeoutError:
            return
        self._joining.clear()

    async def _begin(self) -> Tail:
        tail = await self._database.read_async(begin)
        try:
            async with asyncio.timeout(_PROOF_TIMEOUT_S):
                while not tail.is_settled:
                    tail = await self._database.read_async(partial(prove, tail=tail))
                    await asyncio.sleep(0 if tail.is_settled else _PROOF_POLL_S)
        except TimeoutError as error:
            raise Unavailable("a writer of the ledger has been at work for some time: try again") from error
        return tail

    async def _look(self, tail: Tail) -> tuple[Tail, Sequence[Any]]:
        tail, changed = await self._database.read_async(partial(look, tail=tail))
        if not changed:
            return tail, ()
        return tail, await self._database.read_async(partial(load_charges, billing_ids=changed))

    def _end_all(self, error: TollbookError) -> None:
        for watcher in self._watchers:
            watcher.end(error)
