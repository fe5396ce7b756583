"""Bringing a database's tables up to date at start, also when several processes start at once."""

import zlib
from pathlib import Path
from typing import Any

import sqlalchemy.exc
import structlog
from alembic import command, context
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, text

from services.common.database import Database
from services.common.process import StartError

_WAIT_S = 60
_log = structlog.get_logger()


def migrate(database: Database, script_location: Path, version_table: str, *, revision: str = "head") -> None:
    """Run the Alembic migrations of `script_location` that the database has not seen yet, in one transaction.

    Up to `revision`: a test or a benchmark can make a database as an earlier Tollbook left it.

    Of several processes on PostgreSQL one runs them while the others wait, at most 60 s; a SQLite file belongs to
    one process anyway. Raises StartError if the wait was too long, the database cannot be reached, or it was
    migrated by a newer Tollbook.
    """
    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["version_table"] = version_table
    try:
        with database.writer.connect() as connection:
            _upgrade(database, config, connection, version_table, revision)
    except CommandError as error:
        raise StartError(f"the database was made by another version of Tollbook: {error}") from error
    except sqlalchemy.exc.OperationalError as error:
        raise StartError(
            f"the database cannot be migrated now: it cannot be reached, or another process holds it ({error.orig})"
        ) from error


def _upgrade(
    database: Database, config: Config, connection: Connection, version_table: str, revision: str
) -> None:
    if database.kind == "sqlite":
        # Batch operations rebuild tables, which foreign keys would forbid; the pragma has no effect in a transaction.
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys = OFF")
    try:
        with connection.begin():
            if database.kind == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_S}s'"))
                key = zlib.crc32(version_table.encode())
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        if database.kind == "sqlite":
            driver.execute("PRAGMA foreign_keys = ON")


def run_environment(metadata: MetaData) -> None:
    """All that a service's Alembic `env.py` has to do: run the migrations on the connection that `migrate` opened."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata,
        version_table=attributes["version_table"],
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
