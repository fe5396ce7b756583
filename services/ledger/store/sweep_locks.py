"""Who may write beside whom: facts are added side by side, but a sweep is recorded or weighed alone.

Otherwise a record, or something that waits, could be committed unseen by a sweep that is weighed at the same moment.
SQLite has one writer and needs no lock. The lock comes first in a transaction, before those of any cluster.
"""

import zlib

from sqlalchemy import Connection, text

from services.ledger.store.statements import has_many_writers

_KEY = zlib.crc32(b"tollbook ledger: sweeps")


def share_with_facts(connection: Connection) -> None:
    """For a transaction that adds facts or derives clusters: others may do the same."""
    if has_many_writers(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _KEY})


def exclude_facts(connection: Connection) -> None:
    """For a transaction that records or weighs sweeps: nobody adds facts until it ends."""
    if has_many_writers(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEY})
