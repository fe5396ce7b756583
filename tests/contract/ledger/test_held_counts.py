"""How many records the book holds in windows of one type's own time."""

import pytest

from services.common.errors import InvalidInput
from services.ledger.store.book import Book
from services.ledger.store.held_counts import MAX_EDGES, count_held
from tests.support.ledger_books import record_all
from tests.support.ledger_facts import at, leg


def test_each_window_counts_from_its_first_edge_to_before_its_second(book: Book) -> None:
    facts = [leg(f"leg-{second}").record("sip-trunking", "0.01", second) for second in (0, 10, 10.5, 20, 30)]
    record_all(book, [*facts, leg("other").record("call-control", "0.01", 5)])
    edges = [at(0), at(10), at(10), at(20), at(30)]
    assert book.database.read(lambda c: count_held(c, "sip-trunking", edges)) == [1, 0, 2, 1]
    assert book.database.read(lambda c: count_held(c, "amd", edges)) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "seconds", [(), (0,), (1, 0), tuple(range(MAX_EDGES + 1))], ids=["none", "one", "back", "many"]
)
def test_edges_that_make_no_windows_are_refused(book: Book, seconds: tuple[int, ...]) -> None:
    edges = [at(second) for second in seconds]
    with pytest.raises(InvalidInput, match="edges"):
        book.database.read(lambda c: count_held(c, "sip-trunking", edges))
