"""What each reconciler last said of itself, for whichever of them is asked. By the database's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from services.common.database import Database
from services.common.database_clock import database_now
from services.reconciler.progress.codec import grown_older
from services.reconciler.tables import jobs, progress
from tollbook.reconciler.v1 import progress_pb2

FRESH: Final = timedelta(minutes=2)
"""Who has said nothing for longer has ended or died: its leases are taken over, and it is nobody's concern."""

_FORGOTTEN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DueAttempts:
    """How many attempts are due, and since when the first of them is; None if none is."""

    count: int
    oldest_at: datetime | None


class ProgressStore:
    """Raises Unavailable and Conflict."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tell(self, told: progress_pb2.ReconcilerProgress) -> None:
        """Keep what one says of itself in place of what it said before; what is long past goes."""
        await self._database.write_async(partial(_tell, told=told))

    async def others(self, name: str) -> list[progress_pb2.ReconcilerProgress]:
        """What all but one have lately said, as it is by now."""
        return await self._database.read_async(partial(_others, name=name))

    async def forget(self, name: str) -> None:
        """One ends, and is not missed."""
        mine = delete(progress).where(progress.c.name == name)
        await self._database.write_async(lambda connection: connection.execute(mine))

    async def due(self, now: datetime) -> DueAttempts:
        """What is due and waits for its turn, or for others to share its requests."""
        is_due = (jobs.c.status == "pending", jobs.c.next_run_at <= now)
        oldest = func.min(jobs.c.next_run_at, type_=jobs.c.next_run_at.type)
        query = select(func.count(), oldest).where(*is_due)
        count, oldest_at = await self._database.read_async(lambda connection: connection.execute(query).one())
        return DueAttempts(count, oldest_at)


def _tell(connection: Connection, told: progress_pb2.ReconcilerProgress) -> None:
    now = database_now(connection)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    said = {"told_at": now, "told": told.SerializeToString()}
    insert = dialect.insert(progress).values(name=told.name, **said)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=said))
    connection.execute(delete(progress).where(progress.c.told_at < now - _FORGOTTEN))


def _others(connection: Connection, name: str) -> list[progress_pb2.ReconcilerProgress]:
    now = database_now(connection)
    rows = connection.execute(
        select(progress.c.told_at, progress.c.told)
        .where(progress.c.name != name, progress.c.told_at >= now - FRESH)
        .order_by(progress.c.name)
    )
    return [
        grown_older(
            progress_pb2.ReconcilerProgress.FromString(row.told), max(timedelta(0), now - row.told_at)
        )
        for row in rows
    ]
