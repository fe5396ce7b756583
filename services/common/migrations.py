"""Bringing a database's tables up to date at start, also when several processes start at once, old ones and new."""

import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy.exc
import structlog

from services.common.database import Database
from services.common.database_failures import failure_of
from services.common.process import StartError
from services.common.schema import Schema, read_schema

_PATIENCE_S = 20.0
"""Whoever starts with a database, or while one is restarted, need not start again."""
_PAUSE_S = 1.0
_log = structlog.get_logger()


def migrate(
    database: Database, script_location: Path, version_table: str, *, revision: str | None = None
) -> None:
    """Run the Alembic migrations of `script_location` that the database has not seen yet, in one transaction.

    Up to `revision`, by default the newest: a test or a benchmark can make a database as an earlier Tollbook left it.
    A database that a newer Tollbook has migrated is taken as it is where that says that older ones may.

    Of several processes on PostgreSQL one runs them while the others wait, at most 60 s; a SQLite file belongs to
    one process anyway. Raises StartError if the wait was too long, the database cannot be reached for 20 s, older
    processes are at work that could not go on, or it was migrated by a newer Tollbook that lets no older one work.
    """
    wanted = revision or newest_revision(script_location)
    database.works_on(version_table, None)
    found = _reached(lambda: _brought_up_to(database, script_location, version_table, wanted))
    if not found.lets_work(wanted):
        raise StartError(
            f"the database was made by another version of Tollbook: its tables ({version_table} {found.revision}) are "
            f"for programs from {found.runs_from} on, and this one is of {wanted}. Start the newer version"
        )
    if found.revision != wanted:
        _log.warning(
            "schema.newer",
            table=version_table,
            revision=found.revision,
            known=wanted,
            message="a newer Tollbook has migrated this database, and lets this older one work beside it",
        )
    database.works_on(version_table, wanted)


def _reached(work: Callable[[], Schema]) -> Schema:
    """The work done once the database can be reached: it may be starting too. Raises StartError."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return work()
        except sqlalchemy.exc.OperationalError as error:
            reason = f"it cannot be reached, or another process holds it ({error.orig})"
            if failure_of(error) != "dropped_connection" or time.monotonic() >= deadline_s:
                raise StartError(f"the database cannot be migrated now: {reason}") from error
        _log.warning("database.awaited", message=f"the database is waited for: {reason}")
        time.sleep(_PAUSE_S)


def _brought_up_to(database: Database, script_location: Path, version_table: str, wanted: str) -> Schema:
    with database.writer.connect() as connection:
        with connection.begin():
            found = read_schema(connection, version_table)
        if found is not None and found.revision >= wanted:
            return found
        # Loaded only where there is something to do: Alembic is 10 MB and a tenth of the time to start.
        from services.common.upgrade import upgrade  # noqa: PLC0415

        return upgrade(database, connection, script_location, version_table, wanted)


def newest_revision(script_location: Path) -> str:
    """The revision that all migrations lead to; their files are named `<revision>_<word>.py`, in order."""
    names = (path.name for path in (script_location / "versions").glob("[0-9]*_*.py"))
    return max(name.partition("_")[0] for name in names)
