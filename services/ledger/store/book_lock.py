"""Who may write beside whom: facts are added side by side, but a sweep is recorded or weighed alone.

Otherwise a record, or something that waits, could be committed unseen by a sweep that is weighed at the same moment.
"""

import zlib

from sqlalchemy import Connection, text

from services.common.statements import has_many_writers

_KEY = zlib.crc32(b"tollbook ledger: book")


def lock_book(connection: Connection, *, is_alone: bool) -> None:
    """Keep others out, or only those who must be alone, until the transaction ends; before any other lock.

    SQLite has one writer and needs no lock.
    """
    if has_many_writers(connection):
        function = "pg_advisory_xact_lock" if is_alone else "pg_advisory_xact_lock_shared"
        connection.execute(text(f"SELECT {function}(:key)"), {"key": _KEY})


def writers_at_work(connection: Connection) -> frozenset[str]:
    """The transactions that hold the lock now, by names that never come again; none on SQLite.

    PostgreSQL lets a lock go after it has made a commit visible: a writer that is no longer here can be read.
    """
    if not has_many_writers(connection):
        return frozenset()
    query = text(
        "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 "
        "AND objid = :key AND objsubid = 1 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return frozenset(connection.execute(query, {"key": _KEY}).scalars())
