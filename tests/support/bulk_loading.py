"""Filling a database with millions of rows: nothing is kept safe, and indexes are made once the rows are there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Index, MetaData, text

from services.common.database import Database

_REPLACED = frozenset({"ix_telnyx_billing_date", "ix_telnyx_billing_number", "ix_detail_records_type_time"})
"""Indexes of the first schema that later migrations drop: they need to be there, but nothing has to be in them."""

_SQLITE_PRAGMAS = (
    # Off only while nobody reads: the next to open the file sets its own.
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -1500000",
    "PRAGMA temp_store = FILE",
)
_POSTGRESQL_SETTINGS = ("SET maintenance_work_mem = '512MB'", "SET work_mem = '256MB'")


@contextmanager
def hurried(database: Database) -> Iterator[None]:
    """The writer's connections hurry as long as this lasts. What breaks off meanwhile leaves a broken database."""
    settings = _SQLITE_PRAGMAS if database.kind == "sqlite" else _POSTGRESQL_SETTINGS
    with database.writer.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        cursor = driver.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.close()
        driver.commit()
    yield


@contextmanager
def without_indexes(connection: Connection, names: Sequence[str]) -> Iterator[None]:
    """Drop the indexes of tables, and make them again at the end; not those behind a constraint."""
    metadata = MetaData()
    metadata.reflect(connection, only=names)
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        _create(connection, index)


def _create(connection: Connection, index: Index) -> None:
    if index.name not in _REPLACED:
        index.create(connection)
        return
    none = "false" if connection.dialect.name == "postgresql" else "0"
    table = index.table
    assert table is not None
    connection.execute(text(f"CREATE INDEX {index.name} ON {table.name} (id) WHERE {none}"))
