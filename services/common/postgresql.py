"""PostgreSQL as Tollbook uses it: every wait ends, for a lock, for a statement, and for a server that is mute."""

import time
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from services.common.deadlines import current_deadline_s
from services.common.exact_json import decode_json, encode_json

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

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """Raises QueryCanceled when time is up; then the connection is closed, and the statement told to stop."""
        end_s = min(current_deadline_s(), time.monotonic() + LONGEST_STATEMENT_S + _MUTE_SLACK_S)
        longest_s = max(_SHORTEST_WAIT_S, end_s - time.monotonic())
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


def open_postgresql_engine(url: URL) -> Engine:
    """A pool of connections, none of them open yet. What the URL says of a connection goes before what is said here."""
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
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _prepare)
    return engine


def _connect(
    _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]
) -> ImpatientConnection:
    return ImpatientConnection.connect(*arguments, **options)


def _prepare(connection: ImpatientConnection, _record: object) -> None:
    settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SESSION.items())
    connection.execute(f"SELECT {settings}")
    connection.commit()
