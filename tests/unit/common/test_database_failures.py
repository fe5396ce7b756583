"""What an exception out of a transaction says, and what those who asked are told."""

import errno
import sqlite3

import psycopg
import pytest
import sqlalchemy.exc

from services.common.database_failures import FailureKind, failure_of, told_to_callers
from services.common.errors import Conflict, InvalidInput, TollbookError, Unavailable


def from_postgresql(sqlstate: str) -> sqlalchemy.exc.DBAPIError:
    cause = psycopg.errors.lookup(sqlstate)("said the server")
    return wrapped(cause)


def from_sqlite(code: int) -> sqlalchemy.exc.DBAPIError:
    cause = sqlite3.OperationalError("said SQLite")
    cause.sqlite_errorcode = code
    return wrapped(cause)


def wrapped(cause: Exception, *, is_invalidated: bool = False) -> sqlalchemy.exc.DBAPIError:
    """As SQLAlchemy hands on what a driver raises."""
    kind = getattr(sqlalchemy.exc, type(cause).__name__, None)
    for base in type(cause).__mro__:
        kind = kind or getattr(sqlalchemy.exc, base.__name__, None)
    assert kind is not None
    error = kind("SELECT 1", {}, cause, connection_invalidated=is_invalidated)
    assert isinstance(error, sqlalchemy.exc.DBAPIError)
    return error


_SAID: list[tuple[Exception, FailureKind, type[TollbookError] | None]] = [
    (Conflict("lost"), "lost_race", Conflict),
    (from_postgresql("40001"), "lost_race", Conflict),
    (from_postgresql("40P01"), "lost_race", Conflict),
    (from_postgresql("08006"), "dropped_connection", Unavailable),
    (from_postgresql("57P01"), "dropped_connection", Unavailable),
    (from_postgresql("57P03"), "dropped_connection", Unavailable),
    (from_postgresql("53300"), "dropped_connection", Unavailable),
    (wrapped(psycopg.OperationalError("server closed the connection")), "dropped_connection", Unavailable),
    (wrapped(psycopg.InterfaceError("the connection is closed")), "dropped_connection", Unavailable),
    (
        wrapped(psycopg.ProgrammingError("half an answer"), is_invalidated=True),
        "dropped_connection",
        Unavailable,
    ),
    (from_sqlite(sqlite3.SQLITE_CANTOPEN), "dropped_connection", Unavailable),
    (from_postgresql("53100"), "full_disk", Unavailable),
    (from_sqlite(sqlite3.SQLITE_FULL), "full_disk", Unavailable),
    (from_sqlite(sqlite3.SQLITE_IOERR_WRITE), "full_disk", Unavailable),
    (from_sqlite(sqlite3.SQLITE_READONLY), "full_disk", Unavailable),
    (OSError(errno.ENOSPC, "No space left on device"), "full_disk", Unavailable),
    (OSError(errno.EFBIG, "File too large"), "full_disk", Unavailable),
    (sqlalchemy.exc.TimeoutError("the pool is empty"), "timed_out", Unavailable),
    (from_postgresql("55P03"), "timed_out", Unavailable),
    (from_postgresql("57014"), "timed_out", Unavailable),
    (from_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), "timed_out", Unavailable),
    (from_postgresql("53200"), "other", Unavailable),
    (from_sqlite(sqlite3.SQLITE_ERROR), "other", Unavailable),
    (from_postgresql("23505"), "other", None),
    (from_postgresql("42601"), "other", None),
    (wrapped(psycopg.ProgrammingError("two placeholders, one parameter")), "other", None),
    (OSError(errno.ENOENT, "No such file"), "other", None),
    (InvalidInput("no such field"), "other", None),
    (LookupError(), "other", None),
]


@pytest.mark.parametrize(("error", "kind", "told"), _SAID, ids=map(str, range(len(_SAID))))
def test_a_failure_is_named_and_told(
    error: Exception, kind: FailureKind, told: type[TollbookError] | None
) -> None:
    assert failure_of(error) == kind
    domain_error = told_to_callers(error)
    assert domain_error is None if told is None else isinstance(domain_error, told)


def test_a_full_disk_says_what_to_do_and_when_to_come_back() -> None:
    told = told_to_callers(from_sqlite(sqlite3.SQLITE_FULL))
    assert isinstance(told, Unavailable)
    assert "make room" in told.detail
    assert told.retry_after_s > 0


def test_what_the_server_said_is_not_handed_on() -> None:
    for error, _, _ in _SAID:
        told = told_to_callers(error)
        assert told is None or isinstance(error, TollbookError) or "said" not in told.detail
