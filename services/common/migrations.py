"""Bringing a database's tables up to date at start, also when several processes start at once."""

from pathlib import Path

import sqlalchemy.exc
from sqlalchemy import Connection, column, inspect, select, table

from services.common.database import Database
from services.common.process import StartError


def migrate(
    database: Database, script_location: Path, version_table: str, *, revision: str | None = None
) -> None:
    """Run the Alembic migrations of `script_location` that the database has not seen yet, in one transaction.

    Up to `revision`, by default the newest: a test or a benchmark can make a database as an earlier Tollbook left it.

    Of several processes on PostgreSQL one runs them while the others wait, at most 60 s; a SQLite file belongs to
    one process anyway. Raises StartError if the wait was too long, the database cannot be reached, or it was
    migrated by a newer Tollbook.
    """
    wanted = revision or newest_revision(script_location)
    try:
        with database.writer.connect() as connection:
            if _revision_of(connection, version_table) == wanted:
                return
            # Loaded only where there is something to do: Alembic is 10 MB and a tenth of the time to start.
            from services.common.upgrade import upgrade  # noqa: PLC0415

            upgrade(database, connection, script_location, version_table, wanted)
    except sqlalchemy.exc.OperationalError as error:
        raise StartError(
            f"the database cannot be migrated now: it cannot be reached, or another process holds it ({error.orig})"
        ) from error


def newest_revision(script_location: Path) -> str:
    """The revision that all migrations lead to; their files are named `<revision>_<word>.py`, in order."""
    names = (path.name for path in (script_location / "versions").glob("[0-9]*_*.py"))
    return max(name.partition("_")[0] for name in names)


def _revision_of(connection: Connection, version_table: str) -> str | None:
    """What the database was last migrated to; None if it never was."""
    with connection.begin():
        if not inspect(connection).has_table(version_table):
            return None
        found: str | None = connection.scalar(select(column("version_num")).select_from(table(version_table)))
        return found
