"""Alembic's part in `migrate`; a module of its own, because Alembic costs each start time and memory."""

import math
import time
import zlib
from pathlib import Path
from typing import Any

import sqlalchemy.exc
from sqlalchemy import Connection, MetaData, text

from services.common.database import Database
from services.common.database_failures import failure_of
from services.common.process import StartError
from services.common.schema import Schema, at_work_key, read_schema, write_runs_from
from services.common.unwanted import unwanted

# Mako, which Alembic writes new migrations with, would load it to colour them.
with unwanted("pygments"):
    from alembic import command, context
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

_WAIT_S = 60
_TABLE_WAIT_S = 2
"""For a table that others read or write: who waits for all of it holds up all who come after."""
_PAUSE_S = 0.5


def upgrade(
    database: Database, connection: Connection, script_location: Path, version_table: str, revision: str
) -> Schema:
    """Run the migrations that the database has not seen yet, in one transaction on `connection`.

    Gives what it is then: something newer, if another process was faster. Raises StartError if another Tollbook
    migrated the database, or if programs are at work that could not go on; and SQLAlchemy's errors as they are.
    """
    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["version_table"] = version_table
    config.attributes["connection"] = connection
    driver: Any = connection.connection.dbapi_connection
    try:
        if database.kind == "sqlite":
            # Batch operations rebuild tables, which foreign keys would forbid; within a transaction it has no effect.
            driver.execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                return _upgraded(config, connection, version_table, revision)
        driver.longest_statement_s = math.inf
        return _upgraded_beside_others(config, connection, version_table, revision)
    except CommandError as error:
        raise StartError(f"the database was made by another version of Tollbook: {error}") from error
    finally:
        if database.kind == "sqlite":
            driver.execute("PRAGMA foreign_keys = ON")


def _upgraded_beside_others(
    config: Config, connection: Connection, version_table: str, revision: str
) -> Schema:
    """On PostgreSQL, where others may be at work: tried again while they are in the way, for a minute."""
    deadline_s = time.monotonic() + _WAIT_S
    while True:
        try:
            with connection.begin():
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                _wait_no_longer_than(connection, _WAIT_S)
                key = zlib.crc32(version_table.encode())
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
                _wait_no_longer_than(connection, _TABLE_WAIT_S)
                return _upgraded(config, connection, version_table, revision)
        except (sqlalchemy.exc.OperationalError, _OlderAtWork) as error:
            is_in_the_way = isinstance(error, _OlderAtWork) or failure_of(error) in ("timed_out", "lost_race")
            if not is_in_the_way or time.monotonic() >= deadline_s:
                raise
        time.sleep(_PAUSE_S)


class _OlderAtWork(StartError):
    """Programs of a revision work on the database that could not after the migration."""


def _upgraded(config: Config, connection: Connection, version_table: str, revision: str) -> Schema:
    before = read_schema(connection, version_table)
    if before is not None and before.revision >= revision:
        return before
    scripts = ScriptDirectory.from_config(config)
    known = sorted(script.revision for script in scripts.walk_revisions())
    runs_from = max(
        [before.runs_from if before else ""]
        + [
            getattr(scripts.get_revision(name).module, "runs_from", name)
            for name in known
            if (before is None or name > before.revision) and name <= revision
        ]
    )
    if before is not None and connection.dialect.name == "postgresql":
        _wait_for_older(connection, version_table, [name for name in known if name < runs_from])
    command.upgrade(config, revision)
    write_runs_from(connection, version_table, runs_from)
    return Schema(revision, runs_from)


def _wait_for_older(connection: Connection, version_table: str, revisions: list[str]) -> None:
    """Keep programs of these revisions out until the migration is committed, and be told if any is at work."""
    for name in revisions:
        space, key = at_work_key(version_table, name)
        query = text("SELECT pg_try_advisory_xact_lock(:space, :key)")
        if not connection.execute(query, {"space": space, "key": key}).scalar_one():
            raise _OlderAtWork(
                "an older Tollbook is at work on this database, and could not go on after what this version changes in "
                "it: stop the older processes, then start this one again"
            )


def _wait_no_longer_than(connection: Connection, seconds: int) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{seconds}s'"))


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
