"""The facts decide, and nothing else: neither their order, nor repetition, nor how they were split into batches.

What the tables say in the end is held against what follows from the facts as one set (`expected_contents`), so every
order ends in the same costs, parts, rollups and missing lists. Only `settled_at`, with the status that follows from it,
and the journal's steps may depend on the order.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings

from services.ledger.store.book import Book
from tests.contract.ledger.arbitrary_deliveries import Deliveries, deliveries
from tests.support.databases import DatabaseKind, Databases
from tests.support.ledger_books import empty_all_tables, open_book, record_batch
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents

EXAMPLES = 250
SHARDS = range(8)


@pytest.fixture
def reused_book(databases: Databases, database_kind: DatabaseKind) -> Iterator[Book]:
    """One book for many examples, which need not survive a power cut."""
    with open_book(databases, database_kind) as (book, _clock):
        if database_kind == "sqlite":
            with book.database.writer.connect() as connection:
                connection.connection.execute("PRAGMA synchronous = OFF")
        yield book


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shard", SHARDS)
def test_any_order_repetition_and_batching_ends_in_the_same_book(reused_book: Book, shard: int) -> None:
    @seed(shard)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(deliveries())
    def check(told: Deliveries) -> None:
        empty_all_tables(reused_book.database)
        for batch in told.batches:
            record_batch(reused_book, batch)
        found, wanted = book_contents(reused_book.database), expected_contents(told.facts, reused_book.rules)
        assert differences(found, wanted) == []
        assert_book_is_consistent(reused_book)

    check()
