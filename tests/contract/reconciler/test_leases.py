"""Leases on work, and the tables themselves, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.common.database import Database, open_database
from services.common.database_clock import database_now
from services.common.migrations import migrate
from services.reconciler.leases import LeaseStore
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.tables import metadata

LEASE = timedelta(seconds=30)
ENDED = timedelta(seconds=-1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    migrate(opened, SCRIPT_LOCATION, VERSION_TABLE)
    yield opened
    opened.close()


async def test_a_lease_has_one_holder_until_it_is_given_up(database: Database) -> None:
    one, other = LeaseStore(database, "one"), LeaseStore(database, "other")
    assert await one.hold("sweeps", LEASE)
    assert not await other.hold("sweeps", LEASE)
    assert await one.hold("sweeps", LEASE)
    await other.give_up("sweeps")
    assert not await other.hold("sweeps", LEASE)
    await one.give_up("sweeps")
    assert await other.hold("sweeps", LEASE)


async def test_a_lease_that_ran_out_is_free(database: Database) -> None:
    one, other = LeaseStore(database, "one"), LeaseStore(database, "other")
    assert await one.hold("sweeps", ENDED)
    assert await other.hold("sweeps", LEASE)
    assert not await one.hold("sweeps", LEASE)


async def test_a_lease_of_a_clock_that_was_set_back_since_is_free(database: Database) -> None:
    one, other = LeaseStore(database, "one"), LeaseStore(database, "other")
    assert await one.hold("sweeps", timedelta(days=1))
    assert await other.hold("sweeps", LEASE)


async def test_leases_of_different_work_are_apart(database: Database) -> None:
    assert await LeaseStore(database, "one").hold("sweeps", LEASE)
    assert await LeaseStore(database, "other").hold("alerts", LEASE)


def test_the_databases_clock_is_a_utc_moment(database: Database) -> None:
    told = database.read(database_now)
    assert abs(told - datetime.now(UTC)) < timedelta(minutes=1)
    assert told.utcoffset() == timedelta(0)


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.writer.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables},
        )
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
