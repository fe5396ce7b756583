"""What became of a transaction that raised, told from the exception alone: whose fault it is, and whether to repeat."""

import errno
from typing import Any, Final, Literal

import sqlalchemy.exc

from services.common.errors import Conflict, DiskFull, TollbookError, Unavailable

FailureKind = Literal["lost_race", "dropped_connection", "full_disk", "timed_out", "other"]
"""Another writer was faster; nobody is at the other end (any more), also while the commit was under way; there is no
room for what was to be written; something was waited for in vain; or what no repetition and no waiting will mend."""

DISK_RETRY_AFTER_S: Final = 30.0
"""When to come back to a full disk: whoever makes room needs longer than quick repetitions last."""

_KINDS_OF_STATES: Final[dict[str, FailureKind]] = {
    "40001": "lost_race",  # serialization failure
    "40P01": "lost_race",  # deadlock
    "53100": "full_disk",
    "58030": "full_disk",  # an error of input and output
    "53300": "dropped_connection",  # too many connections
    "25P03": "dropped_connection",  # idle for too long within a transaction: the process was frozen
    "57P01": "dropped_connection",  # the server stops
    "57P02": "dropped_connection",  # another process of the server crashed
    "57P03": "dropped_connection",  # the server starts
    "57P05": "dropped_connection",  # idle for too long
    "25P04": "timed_out",  # a transaction that took too long
    "55P03": "timed_out",  # a lock was waited for too long
    "57014": "timed_out",  # a statement took too long
}
"""By PostgreSQL's SQLSTATE; those of class 08 are dropped connections too."""

_KINDS_OF_CODES: Final[dict[int, FailureKind]] = {
    5: "timed_out",  # SQLITE_BUSY
    6: "timed_out",  # SQLITE_LOCKED
    8: "full_disk",  # SQLITE_READONLY
    10: "full_disk",  # SQLITE_IOERR: a limit on the size of files shows as this
    13: "full_disk",  # SQLITE_FULL
    14: "dropped_connection",  # SQLITE_CANTOPEN: too few file descriptors, for one
}
"""By SQLite's primary result code."""

_TROUBLES_OF_ITS_OWN: Final = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError)
_FULL_DISK_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def failure_of(error: BaseException) -> FailureKind:
    """What an exception that came out of a transaction says."""
    if isinstance(error, Conflict):
        return "lost_race"
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return "timed_out"
    if isinstance(error, OSError):
        return "full_disk" if error.errno in _FULL_DISK_ERRNOS else "other"
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        return _failure_of_driver(error)
    return "other"


def told_to_callers(error: BaseException) -> TollbookError | None:
    """The domain error that a failure is to those who asked for the work; None for what goes on as it is."""
    match failure_of(error):
        case "lost_race":
            return Conflict("other writers were faster, several times over; the same call may be repeated")
        case "dropped_connection":
            return Unavailable("the database cannot be reached")
        case "timed_out":
            return Unavailable("the database does not take the work in time")
        case "full_disk":
            return DiskFull(
                "the disk of the database is full, or takes no writing: make room there, and all goes on by itself",
                retry_after_s=DISK_RETRY_AFTER_S,
            )
        case "other":
            # Also what we have no name for, too little memory say, is the database's trouble and not that of the work.
            is_its_own = isinstance(error, _TROUBLES_OF_ITS_OWN)
            return Unavailable("the database is in trouble; its log says more") if is_its_own else None


def _failure_of_driver(error: sqlalchemy.exc.DBAPIError) -> FailureKind:
    cause: Any = error.orig
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return _KINDS_OF_CODES.get(sqlite_code & 0xFF, "other")
    state = getattr(cause, "sqlstate", None)
    if state is not None and (state in _KINDS_OF_STATES or not error.connection_invalidated):
        return _KINDS_OF_STATES.get(state, "dropped_connection" if state.startswith("08") else "other")
    # Without a SQLSTATE no server has spoken: the connection broke, or there never was one.
    is_dropped = error.connection_invalidated or isinstance(error, _TROUBLES_OF_ITS_OWN)
    return "dropped_connection" if is_dropped else "other"
