"""How fresh the book is: what came last, what nobody announced, what is not sealed."""

import asyncio
from functools import partial

import pytest

from services.ledger.sealing import Sealer
from services.ledger.store.balances import add_snapshot
from services.ledger.store.book import Book
from services.ledger.store.freshness import Freshness, book_freshness
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.contract.ledger.test_balances import snapshot
from tests.support.clocks import ManualClock
from tests.support.ledger_books import record_all, sweep
from tests.support.ledger_facts import at, leg, message, message_record

MINUTE_S = 60
HOUR_S = 3600
LONG_AGO_S = -10 * HOUR_S
"""When the ledger began to serve."""


def freshness(book: Book, now_s: float = HOUR_S, serving_s: float = LONG_AGO_S) -> Freshness:
    return book.database.read(
        lambda connection: book_freshness(connection, at(now_s), serving_since=at(serving_s))
    )


def unannounced(book: Book, now_s: float = HOUR_S, serving_s: float = LONG_AGO_S) -> int:
    return freshness(book, now_s, serving_s).unannounced_count


def call(name: str, at_s: float) -> DetailRecord:
    """The record of a call that no webhook has told of."""
    return leg(name, name).record("call-control", "0.002", at_s)


def record_announced_calls(book: Book, count: int = 3) -> None:
    """Calls within the first minute, each with its webhook and its record."""
    legs = [leg(f"told {number}", f"told {number}") for number in range(count)]
    record_all(book, [each.hangup(30) for each in legs])
    record_all(book, [each.record("call-control", "0.002", 5) for each in legs])


def test_an_empty_book_has_been_told_nothing(book: Book) -> None:
    assert freshness(book) == Freshness(
        last_webhook_at=None,
        silent_since=at(LONG_AGO_S),
        unannounced_count=0,
        last_sweep_at=None,
        last_balance_at=None,
        unsealed_since=None,
    )


def test_what_came_last_is_told(book: Book) -> None:
    record_all(
        book,
        [
            leg().hangup(60),
            message("one", at_s=90),
            sweep("call-control", 0, read_s=HOUR_S),
            sweep("messaging", 0, read_s=HOUR_S - 1),
        ],
    )
    for at_s in (600, 300):
        book.database.write(partial(add_snapshot, snapshot=snapshot(at_s, "5")))
    told = freshness(book)
    assert (told.last_webhook_at, told.silent_since) == (at(91), at(91))
    assert (told.last_sweep_at, told.last_balance_at) == (at(HOUR_S), at(600))


def test_calls_after_the_last_webhook_are_unannounced(book: Book) -> None:
    record_announced_calls(book)
    record_all(book, [call("late 1", 10 * MINUTE_S), call("late 2", 20 * MINUTE_S)])
    assert unannounced(book) == 2


def test_the_calls_that_webhooks_told_of_are_not(book: Book) -> None:
    record_announced_calls(book)
    assert unannounced(book) == 0


def test_a_webhook_ends_the_silence(book: Book) -> None:
    record_announced_calls(book)
    record_all(book, [call("late", 10 * MINUTE_S), leg("new", "new").hangup(30 * MINUTE_S)])
    assert unannounced(book) == 0


def test_a_recovered_webhook_does_not(book: Book) -> None:
    record_announced_calls(book)
    late = leg("late", "late")
    recovered = late.hangup(10 * MINUTE_S, received_at=at(50 * MINUTE_S))
    record_all(book, [late.record("call-control", "0.002", 9 * MINUTE_S), recovered])
    assert (freshness(book).last_webhook_at, unannounced(book)) == (at(31), 1)


def test_a_stale_webhook_does_for_it_was_delivered(book: Book) -> None:
    record_announced_calls(book)
    held_back = leg("old", "old").hangup(0, received_at=at(30 * MINUTE_S), quarantined=True)
    record_all(book, [call("late", 10 * MINUTE_S), held_back])
    assert unannounced(book) == 0


def test_clocks_may_differ_by_a_minute(book: Book) -> None:
    record_announced_calls(book)
    record_all(book, [call("late", 31 + 2 * MINUTE_S)])
    assert unannounced(book) == 0


def test_what_came_to_pass_while_the_ledger_was_away_is_no_silence(book: Book) -> None:
    """Telnyx could not deliver it; who has just come back is not to be told that webhooks are silent."""
    record_announced_calls(book)
    record_all(book, [call("missed", 20 * MINUTE_S)])
    assert unannounced(book, serving_s=30 * MINUTE_S) == 0
    record_all(book, [call("late", 40 * MINUTE_S)])
    assert unannounced(book, serving_s=30 * MINUTE_S) == 1


def test_a_silence_is_said_for_a_day_after_the_last_call(book: Book) -> None:
    record_announced_calls(book)
    record_all(book, [call("late", 10 * MINUTE_S)])
    assert unannounced(book, now_s=24 * HOUR_S) == 1
    assert unannounced(book, now_s=25 * HOUR_S) == 0


def test_records_from_the_future_tell_nothing(book: Book) -> None:
    record_announced_calls(book)
    record_all(book, [call("future", 2 * HOUR_S)])
    assert unannounced(book) == 0


def test_calls_that_webhooks_never_told_of_are_not_missed(book: Book) -> None:
    """Another application of the account sends its webhooks elsewhere."""
    record_announced_calls(book, 1)
    record_all(book, [call("other 1", 1), call("other 2", 2), call("late", 10 * MINUTE_S)])
    assert unannounced(book) == 0


def test_messages_are_missed_only_where_webhooks_told_of_them(book: Book) -> None:
    record_announced_calls(book)
    record_all(book, [message_record("late", at_s=10 * MINUTE_S)])
    assert unannounced(book) == 0
    record_all(book, [message("told", at_s=5), message_record("told", at_s=5)])
    assert unannounced(book) == 1


def test_whoever_never_had_a_webhook_is_told_of_calls(book: Book) -> None:
    record_all(book, [call("one", 10 * MINUTE_S), message_record("one", at_s=10 * MINUTE_S)])
    assert unannounced(book) == 1


@pytest.mark.parametrize("is_sealed", [True, False])
def test_the_first_entry_that_is_not_sealed_is_told(
    book: Book, clock: ManualClock, *, is_sealed: bool
) -> None:
    record_all(book, [leg("one", "one").hangup(30)])
    posted_at = clock.now()
    if is_sealed:
        asyncio.run(Sealer(book.database, clock).seal())
        assert freshness(book).unsealed_since is None
        clock.advance(5)
        posted_at = clock.now()
    record_all(book, [leg("two", "two").hangup(30)])
    clock.advance(5)
    record_all(book, [leg("three", "three").hangup(30)])
    assert freshness(book).unsealed_since == posted_at
