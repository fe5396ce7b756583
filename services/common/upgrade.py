"""Alembic's part in `migrate`; a module of its own, because Alembic costs each start time and memory."""

import zlib
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, text

from services.common.database import Database
from services.common.process import StartError
from services.common.unwanted import unwanted

# Mako, which Alembic writes new migrations with, would load it to colour them.
with unwanted("pygments"):
    from alembic import command, context
    from alembic.config import Config
    from alembic.util import CommandError

_WAIT_S = 60


def upgrade(
    database: Database, connection: Connection, script_location: Path, version_table: str, revision: str
) -> None:
    """Run the migrations that the database has not seen yet, in one transaction on `connection`.

    Raises StartError if the database was migrated by a newer Tollbook, and SQLAlchemy's errors as they are.
    """
    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["version_table"] = version_table
    config.attributes["connection"] = connection
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
            command.upgrade(config, revision)
    except CommandError as error:
        raise StartError(f"the database was made by another version of Tollbook: {error}") from error
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
