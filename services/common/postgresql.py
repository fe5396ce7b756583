"""PostgreSQL as Tollbook uses it: every wait ends, for a lock, for a statement, and for a server that is mute."""

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.rows import dict_row
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from services.common.deadlines import current_deadline_s
from services.common.errors import Unavailable
from services.common.exact_json import decode_json, encode_json
from services.common.schema import at_work_key, schema_of

Result = TypeVar("Result")

POOL_SIZE: Final = 16
LOCK_WAIT_S: Final = 8
LONGEST_STATEMENT_S: Final = 300
"""Of work that nobody waits for: a verification of years."""

_POOL_WAIT_S: Final = 4.0
_CONNECT_WAIT_S: Final = 3
_LONGEST_IDLE_IN_TRANSACTION_S: Final = 15
"""A process that was frozen holds its locks for no longer than this."""
_CANCEL_WAIT_S: Final = 1.0
_MUTE_SLACK_S: Final = 5.0
_SHORTEST_WAIT_S: Final = 0.05

_SESSION: Final = {
    "lock_timeout": f"{LOCK_WAIT_S}s",
    "statement_timeout": f"{LONGEST_STATEMENT_S}s",
    "idle_in_transaction_session_timeout": f"{_LONGEST_IDLE_IN_TRANSACTION_S}s",
}
_SETTING_UP: Final = "SELECT " + ", ".join(f"set_config('{name}', %s, false)" for name in _SESSION)
_TCP: Final = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A machine that is gone without a word is noticed within some 20 s, also by who only waits."""


class ImpatientConnection(psycopg.Connection[Any]):
    """Waits for no answer beyond the deadline of the call that it is for, nor longer than the server may take."""

    longest_statement_s: float = LONGEST_STATEMENT_S

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """Raises QueryCanceled when time is up; then the connection is closed, and the statement told to stop."""
        end_s = min(current_deadline_s(), time.monotonic() + self.longest_statement_s + _MUTE_SLACK_S)
        longest_s = None if end_s == math.inf else max(_SHORTEST_WAIT_S, end_s - time.monotonic())
        try:
            return super().wait(gen, interval, longest_s if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if timeout is not None or error.sqlstate is not None or time.monotonic() < end_s:
                raise
            self._abandon()
            raise psycopg.errors.QueryCanceled("no answer in time") from error

    def _abandon(self) -> None:
        # A server that does not take the cancellation either has dropped the connection, or will.
        with suppress(psycopg.Error):
            self.cancel_safe(timeout=_CANCEL_WAIT_S)
        self.close()


def open_postgresql_engine(url: URL, in_use: Mapping[str, str]) -> Engine:
    """A pool of connections, none of them open yet. What the URL says of a connection goes before what is said here.

    `in_use`: the revisions that the process works at, by version table. While a connection is open nobody migrates the
    database to what these could not work on; and none is opened once somebody has.
    """
    arguments: dict[str, Any] = {"application_name": "tollbook", "connect_timeout": _CONNECT_WAIT_S, **_TCP}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_S,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        json_serializer=encode_json,
        json_deserializer=decode_json,
        connect_args={name: value for name, value in arguments.items() if name not in url.query},
    )
    event.listen(engine, "do_connect", partial(_connect, in_use))
    _close_what_was_disposed_of(engine)
    return engine


def _close_what_was_disposed_of(engine: Engine) -> None:
    """Close a connection that was in use while its pool was disposed of, as soon as it is given back.

    SQLAlchemy would leave that to the garbage collector, and the connection would keep its locks until then.
    """

    def on_connect(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["pool"] = engine.pool

    def on_checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.get("pool") is not engine.pool:
            record.invalidate()

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "checkin", on_checkin)


def _connect(
    in_use: Mapping[str, str],
    _dialect: object,
    _record: object,
    arguments: list[Any],
    options: dict[str, Any],
) -> ImpatientConnection:
    connection = ImpatientConnection.connect(*arguments, **options)
    try:
        connection.execute(_SETTING_UP, tuple(_SESSION.values()))
        for version_table, revision in in_use.items():
            _begin_work(connection, version_table, revision)
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def _begin_work(connection: ImpatientConnection, version_table: str, revision: str) -> None:
    """Hold the lock of the programs of this revision for as long as the connection lives."""
    connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", at_work_key(version_table, revision))
    # A statement of its own: it must see what was committed while the lock was waited for.
    query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(version_table))
    row = connection.cursor(row_factory=dict_row).execute(query).fetchone()
    if row is not None and not schema_of(row).lets_work(revision):
        raise Unavailable(
            "a newer Tollbook has changed the database, and this older one cannot work on it any more: replace it"
        )
