"""Books of a given size to ask questions of, with a year of balances beside the charges."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, text

from services.common.database import open_database
from services.ledger import tables
from tests.benchmarks.timing import tell
from tests.support.large_book import LargeBook, fill_large_book
from tests.support.postgres import PostgresServer

_BALANCE_EVERY = timedelta(minutes=5)


@contextmanager
def sqlite_book(size: LargeBook, keep_in: Path | None = None) -> Iterator[str]:
    """The URL of a book in a file that is gone afterwards, unless there is a folder to keep it in for the next time."""
    with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
        path = (keep_in or Path(folder)) / f"book-{size.charge_count}.db"
        url = f"sqlite:///{path}"
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            _fill(f"sqlite:///{unfinished}", size)
            unfinished.rename(path)
        yield url


def postgresql_book(server: PostgresServer, size: LargeBook) -> str:
    """The URL of a book in a database of the server; it goes with the server."""
    url = server.create_database(f"book_{size.charge_count}")
    _fill(url, size)
    _vacuum(url)
    return url


def _fill(url: str, size: LargeBook) -> None:
    tell(f"Filling {url.partition(':')[0]} with {size.charge_count:,} charges.")
    start_s = time.perf_counter()
    fill_large_book(url, size)
    database = open_database(url)
    try:
        database.write(lambda connection: _remember_balances(connection, size))
    finally:
        database.close()
    tell(f"Filled in {time.perf_counter() - start_s:.0f} s.")


def _remember_balances(connection: Connection, size: LargeBook) -> None:
    """One every five minutes, each a little less than the one before."""
    count = size.days * timedelta(days=1) // _BALANCE_EVERY
    rows = [
        {
            "read_at": size.until - place * _BALANCE_EVERY,
            "currency": "USD",
            "balance_nanos": place * 1_000_000,
            "pending_nanos": 0,
            "credit_limit_nanos": 0,
            "available_credit_nanos": place * 1_000_000,
        }
        for place in range(count)
    ]
    connection.execute(insert(tables.balance_snapshots), rows)


def _vacuum(url: str) -> None:
    """What autovacuum does in the background of a book that has grown to this size by and by."""
    database = open_database(url)
    try:
        with database.writer.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    finally:
        database.close()
