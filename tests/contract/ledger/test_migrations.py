"""The migrations make the tables that the code knows, from nothing, whoever starts first."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, UniqueConstraint, inspect, select, text

from services.common.database import open_database
from services.common.migrations import migrate
from services.ledger import tables
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from tests.support.databases import Databases
from tests.support.large_book import LargeBook, fill_large_book
from tests.support.ledger_books import migrate_ledger
from tests.support.ledger_consistency import assert_sums


def _differences(connection: Connection) -> list[Any]:
    options = {"version_table": VERSION_TABLE, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


def _unique_constraints(connection: Connection) -> set[tuple[str, tuple[str, ...]]]:
    found = inspect(connection)
    return {
        (name, tuple(unique["column_names"]))
        for name in tables.metadata.tables
        for unique in found.get_unique_constraints(name)
    }


def _wanted_unique_constraints() -> set[tuple[str, tuple[str, ...]]]:
    return {
        (name, tuple(column.name for column in constraint.columns))
        for name, table in tables.metadata.tables.items()
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }


def test_the_migrated_schema_is_that_of_the_tables(database_url: str) -> None:
    migrate_ledger(database_url)
    database = open_database(database_url)
    try:
        assert database.read(_differences) == []
        assert database.read(_unique_constraints) == _wanted_unique_constraints()
    finally:
        database.close()


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate_ledger(database_url)
    migrate_ledger(database_url)
    database = open_database(database_url)
    try:
        versions = database.read(
            lambda connection: connection.execute(text(f"SELECT * FROM {VERSION_TABLE}")).all()  # noqa: S608
        )
    finally:
        database.close()
    assert len(versions) == 1


def test_of_concurrent_starters_one_migrates_and_the_others_wait(databases: Databases) -> None:
    url = databases.empty("postgresql")
    opened = [open_database(url) for _ in range(4)]
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda database: migrate(database, MIGRATIONS, VERSION_TABLE), opened))
        assert opened[0].read(_differences) == []
    finally:
        for database in opened:
            database.close()
        databases.drop(url)


def test_an_old_book_is_summed_by_the_migration_as_writers_sum(database_url: str) -> None:
    fill_large_book(database_url, LargeBook(charge_count=3000, days=20, number_count=3))
    database = open_database(database_url)
    try:
        rows = database.read(
            lambda connection: {
                table.name: list(connection.execute(select(table)))
                for table in (tables.billing, tables.part_rollups)
            }
        )
        assert_sums(database)
    finally:
        database.close()
    assert {row.status for row in rows["telnyx_billing"]} == {"estimated", "exact"}
    assert {row.part for row in rows["part_rollups"]} >= {"estimate", "recording", "messaging", "inference"}


def test_the_cost_columns_are_stored_by_the_database_itself(database_url: str) -> None:
    migrate_ledger(database_url)
    database = open_database(database_url)
    try:
        found = {
            name: {column["name"]: column for column in columns}
            for (_, name), columns in database.read(lambda c: inspect(c).get_multi_columns()).items()
        }
    finally:
        database.close()
    for name in ("telnyx_calls", "telnyx_billing"):
        assert found[name]["cost"]["computed"]["persisted"] is True
        assert str(found[name]["cost_nanos"]["type"]) == "BIGINT"
