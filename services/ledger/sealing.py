"""Sealing: committed entries become blocks of the chain, about once a second, and writers know nothing of it.

An entry is sealed once nobody can commit one before it any more (services/ledger/store/journal_tail.py). Where several
ledgers share one book each of them seals: the number of a block is unique, and whoever comes second drops what it made.
"""

import asyncio
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from services.common.clock import Clock
from services.common.database import Database
from services.ledger import failpoints
from services.ledger.chain import MAX_BLOCK_ENTRIES, Block, seal
from services.ledger.periodic import keep_doing
from services.ledger.store.blocks import add_block, last_block, sealable_entries
from services.ledger.store.book import Book
from services.ledger.store.journal_tail import Tail, begin, prove

_PAUSE_S = 1.0


class Sealer:
    """Seals what is final. Remembers only for which writers it waits; what is sealed stands in the store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._tail: Tail | None = None

    async def seal(self) -> int:
        """Seal all entries that are final by now; returns how many blocks that made.

        While a writer of before is still at work nothing is final: the next call looks again. Raises Unavailable.
        """
        final_id = await self._final_id()
        count = 0
        while final_id is not None and (block := await self._next_block(final_id)) is not None:
            count += await self._add(block)
            # Old journals have many blocks to be made: calls come in between.
            await asyncio.sleep(0)
        return count

    async def _final_id(self) -> int | None:
        """An id up to which every entry can be read, or never will be; None while there is none to be known."""
        if self._tail is None:
            tail, sealed_id = await self._database.read_async(_look)
            if tail.next_id <= sealed_id:
                return None
            self._tail = tail
        self._tail = await self._database.read_async(partial(prove, tail=self._tail))
        if not self._tail.is_settled:
            return None
        final_id, self._tail = self._tail.final_id, None
        return final_id

    async def _next_block(self, final_id: int) -> Block | None:
        return await self._database.read_async(partial(self._make_block, final_id=final_id))

    def _make_block(self, connection: Connection, final_id: int) -> Block | None:
        previous = last_block(connection)
        sealed_id = previous.last_entry_id if previous else 0
        entries = sealable_entries(connection, sealed_id, final_id, MAX_BLOCK_ENTRIES)
        return seal(previous, entries, self._clock.now()) if entries else None

    async def _add(self, block: Block) -> bool:
        def work(connection: Connection) -> None:
            add_block(connection, block)
            failpoints.BLOCK_ADDED.reached()

        failpoints.BLOCK_MADE.reached()
        try:
            await self._database.write_async(work)
        except IntegrityError:
            return False
        failpoints.BLOCK_SEALED.reached()
        return True


def _look(connection: Connection) -> tuple[Tail, int]:
    """Where the journal ends, and up to where it is sealed."""
    sealed = last_block(connection)
    return begin(connection), sealed.last_entry_id if sealed else 0


async def keep_sealing(book: Book) -> None:
    """Seal now and each second; never ends."""
    await keep_doing("journal.seal", Sealer(book.database, book.clock).seal, _PAUSE_S)
