"""Which migrations a database has seen, and which Tollbooks can work on what they made of it.

A migration that only adds says `runs_from = "<revision>"`: the oldest revision whose programs can go on working beside
it. Without that it is for its own revision and later ones.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnClause, Connection, column, inspect, select, table, text

_RUNS_FROM = "runs_from"


@dataclass(frozen=True, slots=True)
class Schema:
    """`revision`: of the last migration. `runs_from`: the oldest revision whose programs may work on it."""

    revision: str
    runs_from: str

    def lets_work(self, revision: str) -> bool:
        """Whether programs that know migrations up to `revision` may read and write."""
        return self.runs_from <= revision <= self.revision


def read_schema(connection: Connection, version_table: str) -> Schema | None:
    """What the version table says; None if the database was never migrated."""
    found = _column_names(connection, version_table)
    if not found:
        return None
    names = [name for name in found if name in ("version_num", _RUNS_FROM)]
    columns: list[ColumnClause[Any]] = [column(name) for name in names]
    row = connection.execute(select(*columns).select_from(table(version_table))).one_or_none()
    return None if row is None else schema_of(dict(zip(names, row, strict=True)))


def schema_of(row: Mapping[str, Any]) -> Schema:
    """What a row of a version table says."""
    # Tollbooks of before did not say it: their tables were for them alone.
    return Schema(row["version_num"], row.get(_RUNS_FROM) or row["version_num"])


def write_runs_from(connection: Connection, version_table: str, runs_from: str) -> None:
    """Say who may work on the tables as they are from now on; in the transaction of the migrations."""
    if _RUNS_FROM not in _column_names(connection, version_table):
        connection.execute(text(f"ALTER TABLE {version_table} ADD COLUMN {_RUNS_FROM} VARCHAR(32)"))
    connection.execute(table(version_table, column(_RUNS_FROM)).update().values(runs_from=runs_from))


def at_work_key(version_table: str, revision: str) -> tuple[int, int]:
    """The advisory lock that programs of a revision share while they work, as PostgreSQL takes it: two int4."""
    crc = zlib.crc32(version_table.encode())
    return crc - (1 << 32 if crc >= 1 << 31 else 0), int(revision)


def _column_names(connection: Connection, version_table: str) -> set[str]:
    inspector = inspect(connection)
    if not inspector.has_table(version_table):
        return set()
    return {str(found["name"]) for found in inspector.get_columns(version_table)}
