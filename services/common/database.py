"""One synchronous way to both stores: functions run inside one transaction, repeated when they lost a race."""

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Literal, TypeVar

import sqlalchemy.exc
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url

from services.common.database_failures import failure_of, told_to_callers
from services.common.errors import TollbookError
from services.common.exact_json import decode_json, encode_json
from services.common.process import StartError
from services.common.sqlite import FileLock, open_sqlite_engines, prepare_file

DatabaseKind = Literal["sqlite", "postgresql"]
Result = TypeVar("Result")

_MAX_ATTEMPTS = 8
_FIRST_BACKOFF_S = 0.01
_LONGEST_BACKOFF_S = 0.5
_POOL_SIZE = 8
_POOL_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5
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

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one read-write transaction and commit; roll back if it raises.

        `work` may run several times: it is repeated, with jitter, after a deadlock, a serialization failure or a
        Conflict. Raises Conflict when it never won, Unavailable when the database cannot be reached, and whatever
        else `work` raises.
        """
        return _repeated(lambda: _in_transaction(self.writer, work))

    def read(self, work: Callable[[Connection], Result], *, at_one_moment: bool = False) -> Result:
        """Run `work` in one transaction that only reads. Raises like write.

        On PostgreSQL each statement sees what is committed by then; with `at_one_moment` all of them see what the first
        one saw, as they do on SQLite anyway.
        """
        engine = self.reader
        if at_one_moment and self.kind == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        return _repeated(lambda: _in_transaction(engine, work))

    async def write_async(self, work: Callable[[Connection], Result]) -> Result:
        """`write` in a worker thread; on SQLite writes queue for the one writer in order."""
        return await _in_thread(self._writing, lambda: self.write(work))

    async def read_async(
        self, work: Callable[[Connection], Result], *, at_one_moment: bool = False
    ) -> Result:
        """`read` in a worker thread."""
        return await _in_thread(self._reading, lambda: self.read(work, at_one_moment=at_one_moment))

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
    return Database("sqlite", writer, reader, _executor("writer", 1), _executor("reader", _POOL_SIZE))


def _open_sqlite(url: URL, lock_wait_s: float) -> Database:
    lock = FileLock(prepare_file(url), lock_wait_s)
    writer, reader = open_sqlite_engines(url)
    return Database("sqlite", writer, reader, _executor("writer", 1), _executor("reader", _POOL_SIZE), lock)


def _open_postgresql(url: URL) -> Database:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=2 * _POOL_SIZE,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_S,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        json_serializer=encode_json,
        json_deserializer=decode_json,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "tollbook"},
    )
    return Database(
        "postgresql", engine, engine, _executor("writer", _POOL_SIZE), _executor("reader", _POOL_SIZE)
    )


def _executor(name: str, thread_count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=thread_count, thread_name_prefix=f"database-{name}")


def _in_transaction(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    with engine.begin() as connection:
        return work(connection)


def _repeated(attempt: Callable[[], Result]) -> Result:
    try:
        for number in range(1, _MAX_ATTEMPTS):
            try:
                return attempt()
            except Exception as error:
                if failure_of(error) != "lost_race":
                    raise
            longest_s = min(_FIRST_BACKOFF_S * 2 ** (number - 1), _LONGEST_BACKOFF_S)
            time.sleep(random.uniform(0, longest_s))  # noqa: S311 - writers must part, nothing is secret
        return attempt()
    except Exception as error:
        told = told_to_callers(error)
        if told is None or isinstance(error, TollbookError):
            raise
        raise told from error


async def _in_thread(executor: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(work))
