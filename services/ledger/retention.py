"""Dropping raw texts after RAW_RETENTION_DAYS; what was parsed from them stays for ever."""

import asyncio
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, select, update

from services.ledger import tables
from services.ledger.intake.intake import Intake
from services.ledger.periodic import keep_doing
from services.ledger.store.book import Book

_ROWS_PER_TRANSACTION = 1_000
_PAUSE_S = 3_600.0
_log = structlog.get_logger()


def drop_raw_texts(book: Book, keep: timedelta) -> int:
    """Drop the raw text of one bounded portion of old facts; returns how many rows it had."""
    before = book.clock.now() - keep

    def work(connection: Connection) -> int:
        count = 0
        for table, time_column in (
            (tables.events, tables.events.c.received_at),
            (tables.observations, tables.observations.c.last_observed_at),
        ):
            old = select(table.c.id).where(table.c.raw.is_not(None), time_column < before)
            ids = list(connection.execute(old.limit(_ROWS_PER_TRANSACTION)).scalars())
            if ids:
                connection.execute(update(table).where(table.c.id.in_(ids)).values(raw=None))
            count += len(ids)
        return count

    return book.database.write(work)


async def keep_dropping(book: Book, intake: Intake, keep_days: int) -> None:
    """Drop what is too old, now and each hour; never ends."""
    await keep_doing("raw_texts.drop", partial(_drop_all, book, intake, timedelta(days=keep_days)), _PAUSE_S)


async def _drop_all(book: Book, intake: Intake, keep: timedelta) -> None:
    await intake.drop_raw_texts(keep)
    while dropped := await asyncio.to_thread(drop_raw_texts, book, keep):
        _log.info("raw_texts.dropped", rows=dropped)
