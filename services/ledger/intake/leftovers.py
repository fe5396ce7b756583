"""Rows of the intake that no living ledger is about to book: of a process that ended, or of one that has died."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from services.ledger import failpoints
from services.ledger.intake.backlog import Backlog
from services.ledger.intake.intake_store import IntakeRow, IntakeStore
from services.ledger.intake.requests import read_request
from services.ledger.metrics import REFUSED_EVENTS
from services.ledger.periodic import keep_doing

STALE = timedelta(seconds=15)
"""What a living ledger has taken in is booked in less time, unless it is overloaded."""

_PAUSE_S = 2.0
_log = structlog.get_logger()


class Leftovers:
    """Brings rows that were left over into the backlog, a few at a time.

    `are_booked`: whether everything that was in the intake when this process started is booked or refused again.
    """

    def __init__(self, store: IntakeStore, backlog: Backlog, last_id: int) -> None:
        """`last_id`: of the newest row when this process started."""
        self._store = store
        self._backlog = backlog
        self._last_id = last_id
        self.are_booked = False

    async def keep_booking(self) -> None:
        """Bring in what is left now, and again and again what was left meanwhile; never ends."""
        await keep_doing("intake.leftovers", self.book, _PAUSE_S)

    async def book(self) -> None:
        """Bring in what is left, and return when that is booked. Raises Conflict, Unavailable."""
        if self.are_booked:
            await self._book_stale()
        else:
            await self._book_from_before()
        REFUSED_EVENTS.set(await self._store.count_refused())

    async def _book_from_before(self) -> None:
        after_id = 0
        while rows := await self._store.claim_left(after_id, self._last_id):
            after_id = rows[-1].row_id
            await self._book(rows)
        self.are_booked = True
        self._backlog.wake()

    async def _book_stale(self) -> None:
        while rows := await self._store.claim_stale(STALE):
            ours = self._backlog.row_ids
            await self._book([row for row in rows if row.row_id not in ours])

    async def _book(self, rows: Sequence[IntakeRow]) -> None:
        failpoints.INTAKE_CLAIMED.reached()
        for row in rows:
            events, unreadable = read_request(row.request)
            if unreadable:
                _log.error("events.unreadable", row=row.row_id, count=len(unreadable))
                await self._store.remove([] if events else [row.row_id], unreadable)
            if events:
                self._backlog.reserve(len(events), len(row.request))
                self._backlog.add(row.row_id, events, len(row.request))
        booked_count = self._backlog.added_count
        await self._backlog.until(lambda: self._backlog.has_removed(booked_count))
        await asyncio.sleep(0)
        if rows:
            _log.info("intake.leftovers_booked", requests=len(rows))
