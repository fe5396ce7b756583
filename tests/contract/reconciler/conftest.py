"""The reconciler's tables on both databases."""

from collections.abc import Iterator

import pytest

from services.common.database import Database, open_database
from services.common.migrations import migrate
from services.reconciler.jobs import JobStore
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from tests.support.databases import DatabaseKind, Databases


def _migrated(url: str) -> None:
    database = open_database(url)
    migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
    database.close()


@pytest.fixture
def url(database_kind: DatabaseKind, databases: Databases) -> Iterator[str]:
    """A database with the reconciler's tables."""
    copied = databases.copy_of(database_kind, "reconciler", _migrated)
    yield copied
    databases.drop(copied)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> JobStore:
    return JobStore(database)
