"""Leases on work that only one of several reconcilers should do at a time. By the database's clock."""

from datetime import timedelta

from sqlalchemy import Connection, delete, or_
from sqlalchemy.dialects import postgresql, sqlite

from services.common.database import Database
from services.common.database_clock import database_now, has_run_out
from services.reconciler.tables import leases


class LeaseStore:
    """Takes and keeps leases in the name of one holder."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    async def hold(self, name: str, lease: timedelta) -> bool:
        """Take a lease that is free or has run out, or keep our own; False while another holds it."""
        return await self._database.write_async(
            lambda connection: _hold(connection, name, self._holder, lease)
        )

    async def give_up(self, name: str) -> None:
        """Let another take it at once, if it is ours."""
        mine = delete(leases).where(leases.c.name == name, leases.c.holder == self._holder)
        await self._database.write_async(lambda connection: connection.execute(mine))


def _hold(connection: Connection, name: str, holder: str, lease: timedelta) -> bool:
    now = database_now(connection)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    wanted = {"holder": holder, "lease_until": now + lease}
    taken = (
        dialect.insert(leases)
        .values(name=name, **wanted)
        .on_conflict_do_update(
            index_elements=["name"],
            set_=wanted,
            where=or_(leases.c.holder == holder, has_run_out(leases.c.lease_until, now)),
        )
        .returning(leases.c.name)
    )
    return connection.execute(taken).one_or_none() is not None
