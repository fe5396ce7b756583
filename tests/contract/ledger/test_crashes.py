"""A process that dies between two transactions leaves nothing half done: the next start finishes what sweeps began."""

from itertools import count

import pytest

from services.ledger.store import book as book_module
from services.ledger.store.book import Book
from tests.support.dying_database import Killed, dying
from tests.support.ledger_books import DAY_S, Fact, empty_all_tables, record_all, record_batch, sweep, usage
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.ledger_facts import at, leg, record

CALLS = [leg(f"call {number}", f"session {number}") for number in range(5)]
BEFORE: list[Fact] = [
    *(call.hangup(60) for call in CALLS),
    *(call.record("sip-trunking", "0.005", number) for number, call in enumerate(CALLS)),
    sweep("webrtc", 0),
]
PROOF: list[Fact] = [
    leg("old", "old").record("call-control", "0", -3 * DAY_S),
    sweep("call-control", 1, DAY_S, from_at=at(-4 * DAY_S), to_at=at(-2 * DAY_S)),
]
CLOSING = sweep("call-control", 0)
UNSEEN = record("call-control", "0.003", 600, session_id="unseen")
ALIVE = sweep("sip-trunking", len(CALLS))

Case = tuple[list[Fact], Fact]
CASES: dict[str, Case] = {
    "a sweep closes": ([*BEFORE, *PROOF], CLOSING),
    "a sweep proves another": ([*BEFORE, PROOF[0], CLOSING], PROOF[1]),
    "a record outdates a sweep": ([*BEFORE, *PROOF, CLOSING], UNSEEN),
    "a record completes a sweep": ([*BEFORE, sweep("call-control", 1)], UNSEEN),
    "usage proves a sweep": ([*BEFORE, ALIVE, CLOSING], usage("call-control", {0: "0"})),
}


@pytest.mark.parametrize("dies_inside", [False, True], ids=["before a transaction", "before its commit"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_next_start_finishes_what_was_begun(
    book: Book, monkeypatch: pytest.MonkeyPatch, case: Case, dies_inside: bool
) -> None:
    monkeypatch.setattr(book_module, "_CLUSTERS_PER_TRANSACTION", 2)
    before, last = case
    for transactions in count(1):
        empty_all_tables(book.database)
        record_all(book, before)
        has_died = False
        try:
            record_batch(dying(book, transactions, dies_inside=dies_inside), [last])
        except Killed:
            has_died = True
        book.apply_sweeps()
        found, without, wanted = (
            book_contents(book.database),
            *(expected_contents(facts, book.rules) for facts in (before, [*before, last])),
        )
        assert differences(found, wanted) == [] or differences(found, without) == []
        assert_book_is_consistent(book)
        # What was never committed is told again: Telnyx repeats its webhooks, the reconciler its reading.
        record_batch(book, [last])
        assert differences(book_contents(book.database), wanted) == []
        if not has_died:
            break
    assert transactions > 4, "what the sweep concerns must take several transactions"


def test_a_start_alone_finishes_a_sweep_that_was_only_recorded(book: Book) -> None:
    record_all(book, [*BEFORE, *PROOF])
    with pytest.raises(Killed):
        dying(book, 2).record_sweep(CLOSING)
    assert len(book_contents(book.database).open_items) == len(CALLS)
    book.apply_sweeps()
    assert book_contents(book.database).open_items == {}
    assert_book_is_consistent(book)
