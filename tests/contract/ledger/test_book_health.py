"""What an operator is told of the book: every kind of bad input is kept, named and counted; estimates are judged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.common.money import parse_money
from services.ledger.estimate_error import EstimateError
from services.ledger.estimate_gauges import judge_estimates
from services.ledger.faults import CREDIT, FUTURE, OTHER_CONTENT
from services.ledger.learned_rates import LearnedRates
from services.ledger.metrics import ESTIMATE_ERROR, ESTIMATED_CALLS
from services.ledger.store.book import Book
from services.ledger.store.book_health import BookHealth, book_health
from tests.support.clocks import ManualClock
from tests.support.ledger_books import DAY_S, charge_of, record_all, sweep
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_facts import at, leg, message, message_record, record, usd

HOUR_S = 3600


def health(book: Book, now_s: float = HOUR_S) -> BookHealth:
    return book.database.read(lambda connection: book_health(connection, at(now_s), book.rules))


def faults(book: Book) -> dict[tuple[str, str], tuple[int, str, bool]]:
    """(count, example, whether it blocks) by kind and reason."""
    told = health(book).faults
    assert [fault.count for fault in told] == sorted((fault.count for fault in told), reverse=True)
    return {(each.kind, each.reason): (each.count, each.example_id, each.blocks) for each in told}


def test_an_empty_book_is_sound(book: Book) -> None:
    assert health(book) == BookHealth(
        last_event_at=None,
        event_count=0,
        quarantined_count=0,
        faults=[],
        unproven_sweeps=[],
        latest_sweeps=[],
        estimate_error=EstimateError(),
        unsettled_count=0,
        oldest_unsettled_at=None,
        future_count=0,
    )


def test_each_kind_of_bad_record_is_kept_named_and_counted(book: Book) -> None:
    unread = ("cost: more than 9 decimals: '0.0051234567891'",)
    bad = [
        replace(message_record("decimals", None), unreadable=unread),
        replace(message_record("currency"), cost=parse_money("0.01", "EUR")),
        message_record("credit", "-0.25"),
        replace(
            message_record("no id"),
            record_id="sha256:1f",
            unreadable=("uuid: a record without a readable id",),
        ),
        replace(message_record("zone"), unreadable=("created_at: names no time zone, read as UTC",)),
        message_record("future", at_s=3 * DAY_S, observed_s=0),
        record("inference", None),
    ]
    changed = message_record("changed", "0.004")
    record_all(book, [*bad, changed, replace(changed, cost=usd("0.005"), observed_at=at(DAY_S))])
    ids = [each.record_id for each in bad]
    assert faults(book) == {
        ("messaging", "cost: more than 9 decimals"): (1, ids[0], True),
        ("messaging", "currency: EUR rather than the account's USD"): (1, ids[1], False),
        ("messaging", f"cost: {CREDIT}"): (1, ids[2], False),
        ("messaging", "uuid: a record without a readable id"): (1, ids[3], True),
        ("messaging", "created_at: names no time zone, read as UTC"): (1, ids[4], False),
        ("messaging", f"record time: {FUTURE}"): (1, ids[5], False),
        ("messaging", OTHER_CONTENT): (1, changed.record_id, False),
        ("inference", "it has no amount"): (1, ids[6], True),
    }
    assert health(book).future_count == 1
    assert_book_is_consistent(book)


def test_what_is_wrong_with_many_is_told_once_and_with_one_that_blocks(book: Book) -> None:
    reasons = ("cost: not a decimal number: 'NaN'", "rate: longer than 64 characters")
    record_all(
        book,
        [
            replace(record("inference", None, number), unreadable=reasons[: 1 + number % 2])
            for number in range(5)
        ],
    )
    found = faults(book)
    assert found.keys() == {
        ("inference", "cost: not a decimal number"),
        ("inference", "rate: longer than 64 characters"),
    }
    assert found["inference", "cost: not a decimal number"][0] == 5
    assert found["inference", "rate: longer than 64 characters"][0] == 2


def test_a_fault_is_gone_once_the_record_comes_back_sound(book: Book) -> None:
    bad = replace(message_record("one", None), unreadable=("cost: missing",))
    record_all(book, [bad, replace(bad, cost=usd("0.004"), unreadable=(), observed_at=at(DAY_S))])
    assert faults(book) == {("messaging", OTHER_CONTENT): (1, bad.record_id, False)}


def test_webhooks_at_fault_are_told_too(book: Book) -> None:
    unread = leg().event("call.cost", 90, event_id="unread", unreadable=("cost_parts[1].cost: missing",))
    early = replace(leg().event("call.answered", 3 * DAY_S, event_id="early"), received_at=at(0))
    record_all(book, [leg().hangup(60), unread, early, message("one", total="-0.5", event_id="credit")])
    assert faults(book) == {
        ("webhook", "cost_parts[].cost: missing"): (1, "unread", True),
        ("webhook", f"occurred_at: {FUTURE}"): (1, "early", False),
        ("webhook", f"cost: {CREDIT}"): (1, "credit", False),
    }
    assert (health(book).future_count, health(book).event_count) == (1, 4)


def test_a_webhook_id_with_two_contents_is_told_in_whatever_order_they_come(book: Book) -> None:
    one = leg().event("call.answered", 5, event_id="same")
    other = leg().event("call.bridged", 6, event_id="same")
    record_all(book, [one, other, one])
    assert faults(book) == {("webhook", OTHER_CONTENT): (2, "same", False)}


def test_a_webhook_that_turns_out_to_have_come_earlier_lay_in_the_future(book: Book) -> None:
    late = replace(leg().event("call.answered", 3 * DAY_S, event_id="one"), received_at=at(3 * DAY_S))
    record_all(book, [late])
    assert faults(book) == {}
    record_all(book, [replace(late, received_at=at(0)), late])
    assert faults(book) == {("webhook", f"occurred_at: {FUTURE}"): (1, "one", False)}


def test_quarantined_webhooks_count_until_a_record_confirms_them_or_a_week_has_passed(book: Book) -> None:
    stale = [
        replace(leg("one").hangup(60), quarantined=True),
        replace(leg("two", "other").hangup(60), quarantined=True),
        replace(leg("three", "third").hangup(60, received_at=at(-8 * DAY_S)), quarantined=True),
    ]
    record_all(book, [*stale, leg("one").record("sip-trunking", "0.005")])
    assert health(book).quarantined_count == 1


def test_the_latest_webhook_is_told(book: Book) -> None:
    record_all(book, [message("one", at_s=100), message("two", at_s=50)])
    assert health(book).last_event_at == at(101)


def test_the_latest_sweeps_of_each_type_and_those_that_prove_nothing(book: Book) -> None:
    old = {"from_at": at(-20 * DAY_S), "to_at": at(-19 * DAY_S)}
    record_all(
        book,
        [
            message_record("one", "0.004"),
            sweep("messaging", 1, 2 * DAY_S),
            sweep("messaging", 1, 1.5 * DAY_S),
            sweep("amd", 0, 2 * DAY_S),
            sweep("amd", 0, 3 * DAY_S),
            sweep("inference", 0, -9 * DAY_S, **old),
            sweep("tts", 4, 2 * DAY_S),
        ],
    )
    told = health(book, 3.5 * DAY_S)

    def keys(rows: list[Any]) -> list[tuple[str, Any]]:
        return [(row.record_type, row.read_at) for row in rows]

    assert keys(told.latest_sweeps) == [
        ("amd", at(3 * DAY_S)),
        ("inference", at(-9 * DAY_S)),
        ("messaging", at(2 * DAY_S)),
        ("tts", at(2 * DAY_S)),
    ]
    assert keys(told.unproven_sweeps) == [("amd", at(3 * DAY_S))]


def test_what_waits_is_counted_once_it_is_over(book: Book) -> None:
    record_all(
        book,
        [
            leg("one", "one").hangup(60),
            leg("two", "two").hangup(30),
            leg("going on", "three").event("call.answered", HOUR_S),
            message_record("settled", "0.004"),
        ],
    )
    told = health(book, HOUR_S + 60)
    assert (told.unsettled_count, told.oldest_unsettled_at) == (2, at(30))


def settle(book: Book, name: str, cost: str, talk_s: float = 60) -> None:
    """A call that is estimated at its hang-up and exact later."""
    one = leg(name, name)
    answered = [one.event("call.answered", 0), one.hangup(talk_s)] if talk_s else [one.hangup(5, "user_busy")]
    record_all(book, answered)
    seconds = {"billed_seconds": 60 if talk_s else 0}
    record_all(
        book, [one.record("sip-trunking", cost, **seconds), one.record("call-control", "0", **seconds)]
    )


def test_estimates_are_held_against_what_calls_came_to(book: Book, clock: ManualClock) -> None:
    settle(book, "one", "0.005")
    settle(book, "two", "0.021")
    assert charge_of(book.database, leg("one", "one").call_control_id).status == "exact"
    record_all(book, [leg("open", "open").hangup(60)])
    settle(book, "nobody answered", "0", talk_s=0)
    now_s = (clock.now() - at(0)).total_seconds()
    flat = {"flat_mean_nanos": usd("0.008").nanos, "flat_p95_nanos": usd("0.01").nanos}
    assert health(book, now_s).estimate_error == EstimateError(
        call_count=2, mean_nanos=usd("0.008").nanos, p95_nanos=usd("0.01").nanos, **flat
    )
    later_s = now_s + timedelta(days=31).total_seconds()
    assert health(book, later_s).estimate_error == EstimateError()


def test_learned_estimates_are_held_against_the_flat_rate(book: Book, clock: ManualClock) -> None:
    book.learn(LearnedRates({("outbound", ""): usd("0.006").nanos}))
    settle(book, "one", "0.005")
    now_s = (clock.now() - at(0)).total_seconds()
    found = health(book, now_s).estimate_error
    assert (found.mean_nanos, found.flat_mean_nanos) == (usd("0.001").nanos, usd("0.01").nanos)


async def test_the_metrics_tell_how_good_estimates_are(book: Book) -> None:
    settle(book, "one", "0.005")
    await judge_estimates(book)
    told = {
        (sample.labels["estimate"], sample.labels["statistic"]): sample.value
        for metric in ESTIMATE_ERROR.collect()
        for sample in metric.samples
    }
    off = usd("0.01").nanos
    assert told == {(of, name): off for of in ("booked", "flat") for name in ("mean", "p95")}
    assert [sample.value for metric in ESTIMATED_CALLS.collect() for sample in metric.samples] == [1]
