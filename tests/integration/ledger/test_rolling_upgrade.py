"""During a rollout ledgers of two versions write one book on PostgreSQL, also while the newer one migrates it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from threading import Event

import pytest
from sqlalchemy import Connection, text

from services.common.database import Database, open_database
from services.common.migrations import migrate, newest_revision
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.facts import Rules
from services.ledger.store.book import Book
from tests.support.busy_writers import facts_of_sessions, run_together, write_all
from tests.support.clocks import ManualClock
from tests.support.databases import Databases
from tests.support.ledger_books import Fact, migrate_ledger, record_batch
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.next_migrations import with_next

PATIENCE_S = 60.0
ADDED = (
    'op.add_column("telnyx_billing", sa.Column("note", sa.String(20)))',
    'op.create_table("notes", sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True))',
    'op.create_index("ix_events_made_up", "events", ["received_at", "id"])',
)


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    copied = databases.copy_of("postgresql", "ledger", migrate_ledger)
    yield copied
    databases.drop(copied)


@pytest.fixture
def two(url: str) -> Iterator[tuple[Database, Database]]:
    old, new = open_database(url), open_database(url)
    yield old, new
    old.close()
    new.close()


def test_two_versions_write_one_book(two: tuple[Database, Database], tmp_path: Path) -> None:
    old, new = two
    migrate(old, MIGRATIONS, VERSION_TABLE)
    newer = with_next(MIGRATIONS, tmp_path, *ADDED, runs_from=newest_revision(MIGRATIONS))
    old_book, new_book = (Book(database, ManualClock(), Rules()) for database in two)
    facts = facts_of_sessions(12)
    is_under_way, is_migrated = Event(), Event()

    def write_as_old(writer: int) -> None:
        is_under_way.set()
        write_all(old_book, facts, Random(f"old {writer}"))
        assert is_migrated.wait(PATIENCE_S)
        write_all(old_book, facts[::2], Random(f"old {writer} again"))

    def write_as_new() -> None:
        assert is_under_way.wait(PATIENCE_S)
        migrate(new, newer, VERSION_TABLE)
        is_migrated.set()
        random = Random("new")
        for number, fact in enumerate(random.sample(facts, len(facts))):
            record_batch(new_book, [fact])
            new.write(partial(use_what_is_new, number))

    run_together(write_as_new, *(partial(write_as_old, writer) for writer in range(2)))
    last: list[Fact] = facts_of_sessions(13)
    write_all(old_book, last, Random("last"))
    assert differences(book_contents(old), expected_contents(last, old_book.rules)) == []
    for book in (old_book, new_book):
        assert_book_is_consistent(book)
    noted = new.read(lambda connection: connection.execute(text("SELECT count(*) FROM notes")).scalar_one())
    assert noted == len(facts)


def use_what_is_new(number: int, connection: Connection) -> None:
    """What only the newer version does."""
    connection.execute(text("INSERT INTO notes DEFAULT VALUES"))
    connection.execute(
        text("UPDATE telnyx_billing SET note = :note WHERE id % 7 = :part"),
        {"note": f"note {number}", "part": number % 7},
    )
