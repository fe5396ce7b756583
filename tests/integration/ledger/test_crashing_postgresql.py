"""PostgreSQL itself crashes while writers are at work: they go on when it is back, and nothing is lost or doubled."""

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from threading import Event

import psycopg
import pytest

from services.common.database import open_database
from services.common.errors import Unavailable
from services.ledger.facts import Rules
from services.ledger.store.book import Book
from tests.support.busy_writers import facts_of_sessions, run_together
from tests.support.clocks import ManualClock
from tests.support.ledger_books import migrate_ledger, record_batch
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.postgres import running_postgres
from tests.support.waiting import wait_until

CRASHES = 2
PATIENCE_S = 60.0


@pytest.fixture
def url() -> Iterator[str]:
    """On a server of its own, which takes no commit before it is durable."""
    with running_postgres(is_durable=True) as server:
        created = server.create_database("crashing")
        migrate_ledger(created)
        yield created


def crash(url: str) -> None:
    """Kill one process of the server: the server ends all others, and recovers."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'tollbook' LIMIT 1"
        ).fetchone()
    assert row is not None
    os.kill(int(row[0]), signal.SIGKILL)


def is_back(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def persistently(work: Callable[[], None]) -> None:
    """As every caller of the ledger does: what is unavailable is asked for again."""
    while True:
        try:
            return work()
        except Unavailable:
            continue


def test_writers_go_on_after_each_crash(url: str) -> None:
    database = open_database(url)
    book = Book(database, ManualClock(), Rules())
    facts = facts_of_sessions(8)
    has_written, is_over = Event(), Event()

    def write(writer: int) -> None:
        random = Random(f"crash {writer}")
        while not is_over.is_set():
            batch = random.sample(facts, random.randint(1, 12))
            persistently(partial(record_batch, book, batch))
            has_written.set()

    def crash_again_and_again() -> None:
        try:
            for _ in range(CRASHES):
                has_written.clear()
                assert has_written.wait(PATIENCE_S)
                crash(url)
                wait_until(lambda: is_back(url), PATIENCE_S, "the server does not come back", poll_s=0.05)
        finally:
            is_over.set()

    run_together(crash_again_and_again, *(partial(write, writer) for writer in range(3)))
    persistently(partial(record_batch, book, facts))
    assert differences(book_contents(database), expected_contents(facts, book.rules)) == []
    assert_book_is_consistent(book)
    database.close()
