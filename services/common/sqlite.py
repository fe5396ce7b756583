"""SQLite as Tollbook uses it: a fixed version, one writer, durable commits, one process per file."""

import errno
import fcntl
import importlib
import os
import sqlite3
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog
from sqlalchemy import Engine, FromClause, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL

from services.common.exact_json import decode_json, encode_json
from services.common.process import StartError

_FIRST_FIXED_VERSION = (3, 51, 3)
"""Before it, committed WAL writes can be lost when connections race in a checkpoint (design, section 5)."""

_BUSY_TIMEOUT_MS = 5_000
_WAL_AUTOCHECKPOINT_PAGES = 4_000
_READER_COUNT = 4
_LOCK_POLL_S = 0.05
_RESTORING = ".restoring"

SIDE_SUFFIXES = ("", "-wal", "-shm", "-journal")
"""A database file and what SQLite keeps beside it: they belong together, an old one must never meet a new one."""

_log = structlog.get_logger()


def choose_sqlite_module() -> ModuleType:
    """The DB-API module with the safest SQLite at hand: the standard one if fixed, else pysqlite3, else a warning."""
    if sqlite3.sqlite_version_info >= _FIRST_FIXED_VERSION:
        return sqlite3
    try:
        bundled = importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        bundled = None
    if bundled is not None and bundled.sqlite_version_info >= _FIRST_FIXED_VERSION:
        return bundled
    _log.warning(
        "sqlite.outdated",
        version=sqlite3.sqlite_version,
        message="this SQLite can lose committed writes when connections race in a checkpoint; only the writer will "
        "checkpoint. Use SQLite 3.51.3 or later, or PostgreSQL (LEDGER_DATABASE_URL, RECONCILER_DATABASE_URL)",
    )
    return sqlite3


class _HintingCompiler(SQLiteCompiler):
    """Renders `select.with_hint(table, "INDEXED BY name", "sqlite")`, which SQLAlchemy leaves out on SQLite.

    A book has no statistics by which SQLite could choose between two indexes, and it would choose badly.
    """

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002 - the base class names it
        return text


def open_sqlite_engines(url: URL) -> tuple[Engine, Engine]:
    """The writer (one connection, BEGIN IMMEDIATE) and the readers (query only) of one database file."""
    module = choose_sqlite_module()
    common: dict[str, Any] = {
        "module": module,
        "connect_args": {"check_same_thread": False},
        "hide_parameters": True,
        "json_serializer": encode_json,
        "json_deserializer": decode_json,
    }
    writer = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=60, **common)
    reader = create_engine(url, pool_size=_READER_COUNT, max_overflow=0, pool_timeout=60, **common)
    for engine in (writer, reader):
        engine.dialect.statement_compiler = _HintingCompiler
    # A deferred transaction that upgrades to a write fails at once with SQLITE_BUSY_SNAPSHOT: take the lock first.
    _prepare(writer, begin="BEGIN IMMEDIATE", pragmas=_writer_pragmas())
    _prepare(reader, begin="BEGIN", pragmas=_reader_pragmas())
    return writer, reader


def _writer_pragmas() -> tuple[str, ...]:
    return (
        f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        f"PRAGMA wal_autocheckpoint = {_WAL_AUTOCHECKPOINT_PAGES}",
    )


def _reader_pragmas() -> tuple[str, ...]:
    return (
        f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}",
        "PRAGMA query_only = ON",
        "PRAGMA wal_autocheckpoint = 0",
    )


def _prepare(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    def on_connect(connection: Any, _record: object) -> None:
        # No transactions begun behind our back: SQLAlchemy's "begin" event below says when and how.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)

    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


class FileLock:
    """Holds `<database file>.lock` for as long as the process uses the file; the kernel frees it if we die."""

    def __init__(self, database: Path, wait_s: float) -> None:
        """Raises StartError if another process still holds the lock after `wait_s`."""
        self._descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline_s = time.monotonic() + wait_s
        while not self._try_lock():
            if time.monotonic() >= deadline_s:
                os.close(self._descriptor)
                raise StartError(
                    f"another process uses the SQLite file {database}: stop it, give this one a file of its own, "
                    "or use PostgreSQL, which several processes can share"
                )
            time.sleep(_LOCK_POLL_S)

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let the next process in; calling it again does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def restoring_mark(database: Path) -> Path:
    """The file that lies beside a database while another is put into its place."""
    return Path(f"{database}{_RESTORING}")


def refuse_half_restored(database: Path) -> None:
    """Raises StartError where a restore was begun and not finished: what lies there is not one state of anything."""
    if restoring_mark(database).exists():
        raise StartError(
            f"a restore into {database} did not come to its end: run the same `tollbook restore` again. What was "
            f"there before is in {database.parent}/replaced-<time>"
        )


def prepare_file(url: URL) -> Path:
    """The database file of a SQLite URL, its folder created: the file itself, not a link to it. Raises StartError."""
    name = url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise StartError("a SQLite database URL must name a file, for example sqlite:///var/ledger.db")
    path = Path(name)
    refuse_half_restored(path.resolve())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        # Not by opening it: to close a file that SQLite has open drops SQLite's locks on it, in the whole process.
        elif not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        link_count = path.stat().st_nlink
    except OSError as error:
        raise StartError(f"the SQLite file {path} cannot be written: {error.strerror}") from error
    if link_count > 1:
        raise StartError(
            f"the SQLite file {path} has {link_count} names (hard links): a process that knows it by another could "
            "change it at the same time. Remove the others, or copy the file; a symbolic link is no problem"
        )
    return path.resolve()
