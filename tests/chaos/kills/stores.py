"""The databases themselves, read past the processes that own them: what is really there."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection that only reads, also while a process has the store."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        parsed = parsed.set(database=f"file:{parsed.database}", query={"mode": "ro", "uri": "true"})
    else:
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def missing_events(url: str, event_ids: Iterable[str]) -> set[str]:
    """Which of these events are not in the book."""
    with reading(url) as connection:
        return set(event_ids) - set(connection.execute(text("SELECT event_id FROM events")).scalars())


def doubled_events(url: str) -> list[str]:
    """Ids of events that are in the book more than once."""
    query = "SELECT event_id FROM events GROUP BY event_id HAVING count(*) > 1"
    with reading(url) as connection:
        return list(connection.execute(text(query)).scalars())


def false_sums(url: str) -> list[str]:
    """Charges of which the entries do not add up to the cost."""
    query = """
        SELECT b.record_id FROM telnyx_billing b
        LEFT JOIN billing_entries e ON e.billing_id = b.id
        GROUP BY b.id, b.record_id, b.cost_nanos
        HAVING coalesce(sum(e.amount_nanos), 0) <> b.cost_nanos
    """
    with reading(url) as connection:
        return list(connection.execute(text(query)).scalars())


def intake_size(url: str) -> int:
    """How many requests are in the intake of a book: acknowledged, and not booked."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(str(parsed.database))
        url = f"sqlite:///{file.with_name(f'{file.name}.intake')}"
    with reading(url) as connection:
        return int(connection.execute(text("SELECT count(*) FROM event_intake")).scalar_one())


def end_leases(url: str) -> None:
    """End the leases of a reconciler that is dead, as 30 seconds would.

    How long they last is proven elsewhere; here nobody waits for it after each kill.
    """
    over = {"over": datetime(2000, 1, 1, tzinfo=UTC)}
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM reconciler_leases"))
        connection.execute(
            text("UPDATE telnyx_cdr_reconcile_jobs SET lease_until = :over WHERE status = 'running'"), over
        )
