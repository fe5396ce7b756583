"""What proves the book is answered by indexes: a book of years costs no more by the day than a young one."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

import pytest
from sqlalchemy import Connection

from services.ledger.facts import Rules
from services.ledger.store.balances import add_snapshot, list_changes
from services.ledger.store.book import Book
from services.ledger.store.book_days import list_book_days
from services.ledger.store.book_health import book_health
from services.ledger.store.day_records import list_day_records
from services.ledger.store.freshness import book_freshness
from services.ledger.store.statement_facts import load_statement
from services.ledger.store.usage_sums import usage_between
from tests.contract.ledger.test_balances import snapshot
from tests.support.databases import Databases
from tests.support.ledger_books import open_book, record_all
from tests.support.ledger_facts import at, leg, message_record
from tests.support.query_plans import Plans

QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "book days": lambda connection: list_book_days(connection, date(2026, 1, 1), date(2026, 12, 1), "USD"),
    "records of a day": lambda connection: list_day_records(
        connection, "messaging", date(2026, 11, 20), 50, ""
    ),
    "usage of a stretch": partial(usage_between, from_at=at(-3 * 86_400), to_at=at(3600)),
    "usage of an hour": partial(usage_between, from_at=at(0), to_at=at(3600)),
    "changes of the balance": partial(list_changes, from_at=at(0), to_at=at(86_400)),
    "statement": partial(load_statement, from_at=at(0), to_at=at(86_400), now=at(86_400)),
    "health": partial(book_health, now=at(0), rules=Rules()),
    "freshness": partial(book_freshness, now=at(0), serving_since=at(-60)),
}

MAY_BE_READ_WHOLE = (
    # What waits is few, and so are the facts at fault; events are counted in their narrowest index.
    r"open_items\b",
    r"(events|detail_records) USING COVERING INDEX ix_(events|detail_records)_fault",
    r"events USING COVERING INDEX ix_events_cluster_id",
    # The newest: a few steps from the end of the index.
    r"events USING (COVERING )?INDEX ix_events_received",
    r"sweeps USING COVERING INDEX ix_sweeps_read",
    r"balance_snapshots USING COVERING INDEX sqlite_autoindex_balance_snapshots",
    r"journal_blocks USING INDEX sqlite_autoindex_journal_blocks",
    # What an inner query has found.
    r"(\(subquery-\d+\)|(anon_\d+|last|seen|settled|both)\b)",
)


@pytest.fixture(scope="module")
def book(databases: Databases) -> Iterable[Book]:
    """A SQLite book with a little of everything."""
    with open_book(databases, "sqlite") as (book, _):
        record_all(book, [leg().hangup(60), message_record("one", at_s=60)])
        for number, dollars in enumerate(("5", "4", "9")):
            book.database.write(partial(add_snapshot, snapshot=snapshot(600 * number, dollars)))
        yield book


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_table_is_read_from_end_to_end(book: Book, question: str) -> None:
    plan = Plans(book.database).of(QUESTIONS[question])
    assert "SEARCH" in plan
    for scanned in re.findall(r"SCAN ([^']+)", plan):
        assert any(re.match(allowed, scanned) for allowed in MAY_BE_READ_WHOLE), (scanned, plan)


def test_the_records_of_a_day_are_not_sought_among_all_of_their_type(book: Book) -> None:
    plan = Plans(book.database).of(QUESTIONS["records of a day"])
    assert re.search(
        r"ix_detail_records_type_time \(record_type=\? AND record_time>\? AND record_time<\?\)", plan
    )


def test_quarantined_events_are_counted_among_themselves(book: Book) -> None:
    assert "ix_events_quarantined (received_at>?)" in Plans(book.database).of(QUESTIONS["health"])
