"""One synchronous way to both stores: functions run inside one transaction, tried again where that may help."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import sqlalchemy.exc
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url

from services.common.database_retries import repeated
from services.common.deadlines import current_deadline_s
from services.common.errors import Unavailable
from services.common.process import StartError
from services.common.sqlite import FileLock, open_sqlite_engines, prepare_file, refuse_half_restored

DatabaseKind = Literal["sqlite", "postgresql"]
Result = TypeVar("Result")

_THREAD_COUNT = 8
_LOCK_WAIT_S = 10.0


@dataclass(slots=True)
class Database:
    """An open store. Made by open_database; `close` it when done.

    On SQLite there is one writer, and readers see the last commit; on PostgreSQL both share one pool.
    """

    kind: DatabaseKind
    writer: Engine
    reader: Engine
    _writing: ThreadPoolExecutor
    _reading: ThreadPoolExecutor
    _lock: FileLock | None = None
    _in_use: dict[str, str] = field(default_factory=dict)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one read-write transaction and commit; roll back if it raises.

        `work` may run several times, and also after it was committed, where the connection dropped before that was
        known: it is repeated, with jitter, after a deadlock, a serialization failure, a Conflict or a dropped
        connection. Raises Conflict when it never won, Unavailable when the database cannot be reached, has a full disk
        or does not answer before the deadline of the call that this is for, and whatever else `work` raises.
        """
        return _in_transaction(self.writer, work)

    def read(self, work: Callable[[Connection], Result], *, at_one_moment: bool = False) -> Result:
        """Run `work` in one transaction that only reads. Raises like write.

        On PostgreSQL each statement sees what is committed by then; with `at_one_moment` all of them see what the first
        one saw, as they do on SQLite anyway.
        """
        engine = self.reader
        if at_one_moment and self.kind == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        return _in_transaction(engine, work)

    async def write_async(self, work: Callable[[Connection], Result]) -> Result:
        """`write` in a worker thread; on SQLite writes queue for the one writer in order."""
        return await _in_thread(self._writing, lambda: self.write(work))

    async def read_async(
        self, work: Callable[[Connection], Result], *, at_one_moment: bool = False
    ) -> Result:
        """`read` in a worker thread."""
        return await _in_thread(self._reading, lambda: self.read(work, at_one_moment=at_one_moment))

    def works_on(self, version_table: str, revision: str | None) -> None:
        """Let nobody migrate these tables to what programs of `revision` could not work on, from now on; None: do.

        That is of PostgreSQL, where others come and go; a SQLite file belongs to one process.
        """
        self._in_use.pop(version_table, None)
        if revision is not None:
            self._in_use[version_table] = revision
        if self.kind == "postgresql":
            self.writer.dispose()

    def close(self) -> None:
        """Wait for running work, then close every connection and let the next process in."""
        self._writing.shutdown()
        self._reading.shutdown()
        # Readers first: the last connection to close a SQLite file checkpoints it, and that must be the writer.
        self.reader.dispose()
        self.writer.dispose()
        if self._lock is not None:
            self._lock.release()


def open_database(url: str, *, lock_wait_s: float = _LOCK_WAIT_S) -> Database:
    """Open the store that a URL names: `sqlite:///path` (its folder is created) or `postgresql://...`.

    A SQLite file belongs to one process: if another still has it after `lock_wait_s`, StartError says so.
    Nothing is connected yet on PostgreSQL. Raises StartError.
    """
    try:
        parsed = make_url(url)
    except sqlalchemy.exc.ArgumentError as error:
        raise StartError(
            "the database URL cannot be read: use sqlite:///path or postgresql://user@host/name"
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed, lock_wait_s)
        case "postgresql" | "postgres":
            return _open_postgresql(parsed)
        case other:
            raise StartError(f"no such store as {other!r}: use sqlite:///path or postgresql://user@host/name")


def open_beside(database: Database, suffix: str) -> Database:
    """A second SQLite file of the process that has `database`, with a writer of its own: `<its file><suffix>`.

    The lock of the first file covers it. Where that is named by a link, it is beside what the link leads to, as the
    two belong together. Raises StartError.
    """
    first = prepare_file(database.writer.url)
    url = database.writer.url.set(database=f"{first}{suffix}")
    prepare_file(url)
    writer, reader = open_sqlite_engines(url)
    return Database("sqlite", writer, reader, _executor("writer", 1), _executor("reader", _THREAD_COUNT))


def _open_sqlite(url: URL, lock_wait_s: float) -> Database:
    file = prepare_file(url)
    lock = FileLock(file, lock_wait_s)
    try:
        refuse_half_restored(file)
        writer, reader = open_sqlite_engines(url)
    except BaseException:
        lock.release()
        raise
    return Database(
        "sqlite", writer, reader, _executor("writer", 1), _executor("reader", _THREAD_COUNT), lock
    )


def _open_postgresql(url: URL) -> Database:
    # Loaded only where it is used: the driver costs each start time and memory.
    from services.common.postgresql import open_postgresql_engine  # noqa: PLC0415

    in_use: dict[str, str] = {}
    engine = open_postgresql_engine(url, in_use)
    writing, reading = _executor("writer", _THREAD_COUNT), _executor("reader", _THREAD_COUNT)
    return Database("postgresql", engine, engine, writing, reading, _in_use=in_use)


def _executor(name: str, thread_count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=thread_count, thread_name_prefix=f"database-{name}")


def _in_transaction(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    deadline_s = current_deadline_s()
    if time.monotonic() >= deadline_s:
        raise Unavailable("the database is too busy to begin this in time")

    def attempt() -> Result:
        with engine.begin() as connection:
            return work(connection)

    return repeated(attempt, deadline_s)


async def _in_thread(executor: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(work))
