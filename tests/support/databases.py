"""Databases for one test each, on both stores: a SQLite file, and a database of the tests' own PostgreSQL.

Everything that takes `database_url` runs twice. A suite whose tables take long to create asks `databases` for
copies of a prepared one instead: `databases.copy_of(kind, "ledger", migrate)` runs `migrate(url)` once per worker.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, cast

import pytest

from tests.support.postgres import PostgresServer, running_postgres

DatabaseKind = Literal["sqlite", "postgresql"]
DATABASE_KINDS: tuple[DatabaseKind, ...] = ("sqlite", "postgresql")


@dataclass(slots=True)
class Databases:
    """Hands out databases and drops them all at the end of the session."""

    folder: Path
    postgres: Callable[[], PostgresServer]
    _templates: dict[tuple[DatabaseKind, str], str] = field(default_factory=dict)

    def empty(self, kind: DatabaseKind) -> str:
        """The URL of a new database without tables."""
        name = f"t_{uuid.uuid4().hex}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        return self.postgres().create_database(name)

    def copy_of(self, kind: DatabaseKind, template: str, prepare: Callable[[str], None]) -> str:
        """The URL of a new copy of the database that `prepare` filled, once, under the name `template`.

        `prepare` gets the URL of an empty database and must close every connection it opened.
        """
        source = self._templates.get((kind, template))
        if source is None:
            source = self.empty(kind)
            prepare(source)
            self._templates[(kind, template)] = source
        name = f"t_{uuid.uuid4().hex}"
        if kind == "postgresql":
            return self.postgres().create_database(name, template=_database_name(source))
        path = self.folder / f"{name}.db"
        for suffix in ("", "-wal"):
            part = Path(f"{_sqlite_path(source)}{suffix}")
            if part.exists():
                shutil.copyfile(part, f"{path}{suffix}")
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """Remove a database, also when a test left connections open."""
        if url.startswith("postgresql"):
            self.postgres().drop_database(_database_name(url))
            return
        for suffix in ("", "-wal", "-shm"):
            Path(f"{_sqlite_path(url)}{suffix}").unlink(missing_ok=True)


def _database_name(url: str) -> str:
    return url.rpartition("/")[2]


def _sqlite_path(url: str) -> str:
    return url.removeprefix("sqlite:///")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[], PostgresServer]]:
    """Gives the worker's PostgreSQL, started by the first test that asks for it."""
    with ExitStack() as stack:
        yield cache(lambda: stack.enter_context(running_postgres()))


@pytest.fixture(scope="session")
def databases(
    postgres_server: Callable[[], PostgresServer], tmp_path_factory: pytest.TempPathFactory
) -> Databases:
    """New databases on demand; see `Databases`."""
    return Databases(folder=tmp_path_factory.mktemp("databases"), postgres=postgres_server)


@pytest.fixture(params=DATABASE_KINDS)
def database_kind(request: pytest.FixtureRequest) -> DatabaseKind:
    """`sqlite`, then `postgresql`: a test that takes this, or `database_url`, runs on both."""
    return cast(DatabaseKind, request.param)


@pytest.fixture
def database_url(database_kind: DatabaseKind, databases: Databases) -> Iterator[str]:
    """The URL of an empty database of this test alone."""
    url = databases.empty(database_kind)
    try:
        yield url
    finally:
        databases.drop(url)
