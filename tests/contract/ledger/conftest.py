"""A book per test, on both stores."""

from collections.abc import Iterator

import pytest

from services.ledger.store.book import Book
from tests.support.clocks import ManualClock
from tests.support.databases import DatabaseKind, Databases
from tests.support.ledger_books import open_book


@pytest.fixture
def opened(databases: Databases, database_kind: DatabaseKind) -> Iterator[tuple[Book, ManualClock]]:
    with open_book(databases, database_kind) as opened:
        yield opened


@pytest.fixture
def book(opened: tuple[Book, ManualClock]) -> Book:
    """An empty book; a test that takes it runs on both stores."""
    return opened[0]


@pytest.fixture
def clock(opened: tuple[Book, ManualClock]) -> ManualClock:
    """The clock of `book`."""
    return opened[1]
