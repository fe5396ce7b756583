"""Both stores behind one Database: transactions, retries, refusals, and migrations by several starters."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from services.common.database import Database, open_beside, open_database
from services.common.errors import Conflict, Unavailable
from services.common.migrations import migrate
from services.common.process import StartError
from services.common.sqlite import choose_sqlite_module

_ENVIRONMENT = """
from sqlalchemy import MetaData
from services.common.upgrade import run_environment
run_environment(MetaData())
"""
_REVISION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None
def upgrade() -> None:
    op.create_table("toll", sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    opened.write(lambda connection: connection.execute(text("CREATE TABLE toll (id INTEGER PRIMARY KEY)")))
    yield opened
    opened.close()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """An Alembic folder with one revision."""
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text(_ENVIRONMENT)
    (tmp_path / "migrations" / "versions" / "0001_toll.py").write_text(_REVISION)
    return tmp_path / "migrations"


def insert(number: int, connection: Connection) -> None:
    connection.execute(text("INSERT INTO toll VALUES (:id)"), {"id": number})


def held(connection: Connection) -> list[int]:
    return list(connection.scalars(text("SELECT id FROM toll ORDER BY id")))


async def test_what_was_written_is_read_also_from_worker_threads(database: Database) -> None:
    database.write(lambda connection: insert(1, connection))
    await database.write_async(lambda connection: insert(2, connection))
    assert database.read(held) == await database.read_async(held) == [1, 2]


def test_a_reader_can_see_one_moment_whatever_is_committed_meanwhile(database: Database) -> None:
    database.write(lambda connection: insert(1, connection))

    def read(connection: Connection) -> tuple[list[int], list[int]]:
        before = held(connection)
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(database.write, partial(insert, 2)).result()
        return before, held(connection)

    assert database.read(read, at_one_moment=True) == ([1], [1])
    assert database.read(held) == [1, 2]


def test_work_that_fails_leaves_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        insert(1, connection)
        raise LookupError

    with pytest.raises(LookupError):
        database.write(fail)
    assert database.read(held) == []


def test_a_conflict_is_tried_again_in_a_new_transaction(database: Database) -> None:
    attempts: list[int] = []

    def lose_twice(connection: Connection) -> int:
        attempts.append(len(attempts))
        insert(1, connection)
        if len(attempts) < 3:
            raise Conflict("lost a race")
        return len(attempts)

    assert database.write(lose_twice) == 3
    assert database.read(held) == [1]


def test_a_conflict_that_never_ends_is_told(database: Database) -> None:
    attempts: list[int] = []

    def lose(_: Connection) -> None:
        attempts.append(1)
        raise Conflict("lost a race")

    with pytest.raises(Conflict):
        database.write(lose)
    assert len(attempts) == 8


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_deadlock_is_tried_again(database: Database) -> None:
    """Two writers lock two rows in opposite order; PostgreSQL ends one of them, which then runs again."""
    database.write(lambda connection: insert(1, connection))
    database.write(lambda connection: insert(2, connection))
    both_hold_one = threading.Barrier(2)
    runs: list[int] = []

    def lock(order: tuple[int, int], connection: Connection) -> None:
        runs.append(order[0])
        connection.execute(text("SELECT id FROM toll WHERE id = :id FOR UPDATE"), {"id": order[0]})
        if len(runs) <= 2:
            both_hold_one.wait(timeout=20)
        connection.execute(text("SELECT id FROM toll WHERE id = :id FOR UPDATE"), {"id": order[1]})

    with ThreadPoolExecutor(2) as threads:
        pending = [
            threads.submit(database.write, lambda connection: lock((1, 2), connection)),
            threads.submit(database.write, lambda connection: lock((2, 1), connection)),
        ]
        for one in pending:
            one.result(timeout=60)
    # One of them had to run again; on a busy machine they can get in each other's way a second time.
    assert len(runs) > 2


def test_readers_on_sqlite_cannot_write(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/book.db")
    database.write(lambda connection: connection.execute(text("CREATE TABLE toll (id INTEGER PRIMARY KEY)")))
    with pytest.raises(Unavailable):
        database.read(lambda connection: insert(1, connection))
    database.close()


def test_sqlite_is_durable_and_its_version_is_sound(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/deep/er/book.db")

    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.scalar(text(f"PRAGMA {name}")) for name in names]

    assert database.write(pragmas) == ["wal", 2, 1]
    version = database.read(lambda connection: connection.scalar(text("SELECT sqlite_version()")))
    assert version == choose_sqlite_module().sqlite_version
    database.close()
    assert not (tmp_path / "deep" / "er" / "book.db-wal").exists()


def test_a_second_user_of_a_sqlite_file_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/book.db"
    first = open_database(url)
    with pytest.raises(StartError, match="another process uses the SQLite file"):
        open_database(url, lock_wait_s=0)
    first.close()
    open_database(url, lock_wait_s=0).close()


def test_a_link_to_a_sqlite_file_is_that_file_with_its_lock_and_what_is_beside_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "book.db"
    link.symlink_to(Path("real", "book.db"))
    by_link = open_database(f"sqlite:///{link}")
    beside = open_beside(by_link, ".intake")
    beside.write(lambda connection: connection.execute(text("CREATE TABLE waiting (id INTEGER)")))
    with pytest.raises(StartError, match="another process uses the SQLite file"):
        open_database(f"sqlite:///{tmp_path}/real/book.db", lock_wait_s=0)
    beside.close()
    by_link.close()
    assert {path.name for path in tmp_path.iterdir()} == {"real", "book.db"}
    intake = tmp_path / "real" / "book.db.intake"
    assert (intake.stat().st_size > 0, intake.stat().st_mode & 0o777) == (True, 0o600)


def test_a_relative_path_is_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "var").mkdir()
    monkeypatch.chdir(tmp_path)
    first = open_database("sqlite:///var/../var/book.db")
    with pytest.raises(StartError, match="another process uses the SQLite file"):
        open_database(f"sqlite:///{tmp_path}/var/book.db", lock_wait_s=0)
    first.close()


def test_a_sqlite_file_with_a_second_name_is_refused(tmp_path: Path) -> None:
    """By its other name it would have another lock, and another write-ahead log."""
    open_database(f"sqlite:///{tmp_path}/book.db").close()
    (tmp_path / "copy.db").hardlink_to(tmp_path / "book.db")
    for name in ("book.db", "copy.db"):
        with pytest.raises(StartError, match=r"has 2 names \(hard links\)"):
            open_database(f"sqlite:///{tmp_path / name}")


_USES_BESIDE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(*connection.execute(sys.argv[2]).fetchall())
connection.commit()
connection.close()
"""


def use_beside(file: Path, statement: str) -> str:
    """What another program's statement answers, which then closes the file."""
    arguments = [sys.executable, "-c", _USES_BESIDE, str(file), statement]
    ended = subprocess.run(arguments, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return ended.stdout.strip()


def test_who_opens_and_closes_a_sqlite_file_beside_us_takes_nothing_from_us(tmp_path: Path) -> None:
    """The last connection that closes a file deletes its write-ahead log. We are still there, and SQLite must know.

    Our lock on the file is the process's, and gone once the process closes any descriptor of that file.
    """
    file = tmp_path / "book.db"
    database = open_database(f"sqlite:///{file}")
    database.write(lambda connection: connection.execute(text("CREATE TABLE toll (id INTEGER)")))
    beside = open_beside(database, ".intake")
    with pytest.raises(StartError):
        open_database(f"sqlite:///{file}", lock_wait_s=0)
    use_beside(file, "INSERT INTO toll VALUES (1)")
    assert (tmp_path / "book.db-wal").exists()
    database.write(lambda connection: connection.execute(text("INSERT INTO toll VALUES (2)")))
    assert use_beside(file, "SELECT id FROM toll") == "(1,) (2,)"
    beside.close()
    database.close()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_urls_that_name_no_store_are_refused(url: str) -> None:
    with pytest.raises(StartError):
        open_database(url)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be written"):
        open_database(f"sqlite:///{tmp_path}/file/book.db")


def test_a_postgresql_that_does_not_answer_is_unavailable() -> None:
    database = open_database("postgresql://nobody:hush@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as failed:
        database.read(held)
    assert "hush" not in str(failed.value)
    database.close()


def test_of_several_starters_one_migrates(database_url: str, script: Path) -> None:
    opened = open_database(database_url)
    starter_count = 1 if opened.kind == "sqlite" else 3
    others = [open_database(database_url) for _ in range(starter_count - 1)]
    with ThreadPoolExecutor(starter_count) as threads:
        pending = [threads.submit(migrate, one, script, "toll_version") for one in (opened, *others)]
        for one in pending:
            one.result(timeout=60)
    assert opened.read(held) == []
    assert (
        opened.read(lambda connection: connection.scalar(text("SELECT version_num FROM toll_version")))
        == "0001"
    )
    migrate(opened, script, "toll_version")
    for one_database in (opened, *others):
        one_database.close()
