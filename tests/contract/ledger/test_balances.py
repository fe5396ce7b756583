"""Balance snapshots, account charges and statements in the book."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from random import Random

import pytest

from services.common.money import parse_money
from services.common.times import utc_day
from services.ledger.account_charges import AccountCharges
from services.ledger.balances import Snapshot, burn_rate
from services.ledger.statement import statement_lines
from services.ledger.statement_notes import notes_of
from services.ledger.store.account_charges import add_charges, list_charges_of_days
from services.ledger.store.balances import add_snapshot, last_before, list_changes, list_turns
from services.ledger.store.book import Book
from services.ledger.store.statement_facts import LoadedStatement, load_statement
from services.ledger.store.usage_sums import usage_between
from tests.support.ledger_books import DAY_S, record_all
from tests.support.ledger_facts import START, at, leg, message_record, record, usd

TODAY = utc_day(START)
HOUR_S = 3600


def snapshot(at_s: float, dollars: str, currency: str = "USD") -> Snapshot:
    return Snapshot(
        read_at=at(at_s),
        currency=currency,
        balance_nanos=usd(dollars).nanos,
        pending_nanos=0,
        credit_limit_nanos=0,
        available_credit_nanos=usd(dollars).nanos,
    )


def read_balances(book: Book, *snapshots: Snapshot) -> None:
    for each in snapshots:
        book.database.write(partial(add_snapshot, snapshot=each))


def changes(book: Book, from_s: float, to_s: float) -> list[Snapshot]:
    return book.database.read(lambda connection: list_changes(connection, at(from_s), at(to_s)))


def charges(day: date, read_s: float, monthly: str) -> AccountCharges:
    nothing = dict.fromkeys(("new_monthly_nanos", "new_one_time_nanos", "credits_nanos", "other_nanos"), 0)
    return AccountCharges(
        day=day,
        read_at=at(read_s),
        currency="USD",
        existing_monthly_nanos=usd(monthly).nanos,
        ledger_adjustments_nanos=0,
        grand_total_nanos=usd(monthly).nanos,
        **nothing,
    )


def statement(book: Book, from_s: float, to_s: float, now_s: float = 9 * DAY_S) -> LoadedStatement | None:
    return book.database.read(lambda connection: load_statement(connection, at(from_s), at(to_s), at(now_s)))


def test_a_snapshot_is_kept_once(book: Book) -> None:
    read_balances(book, snapshot(0, "5"), snapshot(0, "5"), snapshot(60, "4"))
    assert changes(book, 0, DAY_S) == [snapshot(0, "5"), snapshot(60, "4")]


def test_what_repeats_is_left_out_and_every_moment_is_still_told(book: Book) -> None:
    level = [snapshot(60 * number, "5") for number in range(5)]
    read_balances(book, *level, snapshot(600, "4"))
    assert changes(book, 0, DAY_S) == [level[0], level[-1], snapshot(600, "4")]
    assert changes(book, 60, 240) == [level[1], level[3]]
    same_balance = replace(snapshot(120, "5"), pending_nanos=1)
    read_balances(book, same_balance)
    assert same_balance in changes(book, 0, DAY_S)


@pytest.mark.parametrize("seed", range(6))
def test_the_turns_of_a_balance_tell_as_much_of_its_use_as_all_of_it(book: Book, seed: int) -> None:
    random = Random(seed)
    course = [
        snapshot(HOUR_S * hour, random.choice("23456"), random.choice(("USD", "USD", "USD", "EUR")))
        for hour in range(40)
    ]
    read_balances(book, *course)
    turns = book.database.read(lambda connection: list_turns(connection, at(0), at(39 * HOUR_S)))
    assert burn_rate(turns) == burn_rate(course[:-1])
    assert len(turns) < 30


def test_of_a_balance_that_only_falls_the_ends_are_told(book: Book) -> None:
    course = [snapshot(60 * number, str(50 - number)) for number in range(20)]
    read_balances(book, *course)
    assert book.database.read(lambda connection: list_turns(connection, at(0), at(3600))) == [
        course[0],
        course[-1],
    ]
    assert book.database.read(lambda connection: list_turns(connection, at(-60), at(0))) == []


def test_the_last_before_a_moment(book: Book) -> None:
    read_balances(book, snapshot(60, "4"), snapshot(0, "5"))

    def before(at_s: float) -> Snapshot | None:
        return book.database.read(lambda connection: last_before(connection, at(at_s)))

    assert [before(0), before(60), before(61)] == [None, snapshot(0, "5"), snapshot(60, "4")]


def test_the_latest_answer_about_a_day_counts_whenever_it_came(book: Book) -> None:
    answers = [charges(TODAY, 3 * DAY_S, "2"), charges(TODAY, 2 * DAY_S, "1")]
    tomorrow = charges(TODAY + timedelta(days=1), 2 * DAY_S, "7")
    for told in (answers[0], tomorrow, answers[1], answers[0]):
        book.database.write(partial(add_charges, days=[told]))

    def listed(days: int) -> list[AccountCharges]:
        after = TODAY + timedelta(days=days)
        return book.database.read(lambda connection: list_charges_of_days(connection, TODAY, after))

    assert listed(1) == [answers[0]]
    assert listed(9) == [answers[0], tomorrow]


def test_usage_of_any_stretch_is_what_its_records_come_to(book: Book) -> None:
    record_all(
        book,
        [
            leg().record("sip-trunking", "0.005", 0),
            leg().record("call-control", "0.002", HOUR_S),
            message_record("one", "0.004", 13 * HOUR_S),
            message_record("two", "0.04", 2 * DAY_S),
            record("inference", None, 3 * DAY_S),
            record("inference", "0.4", None, observed_s=30 * HOUR_S),
            replace(message_record("three", "0.1", 5 * HOUR_S), is_billable=False),
        ],
    )
    # 12:00 and 13:00, 01:00 of the day after, 12:00 of the second, and one of 18:00 that has no time of its own.
    for from_s, to_s, dollars in (
        (0, 1, "0.005"),
        (1, HOUR_S, "0"),
        (-9 * DAY_S, 9 * DAY_S, "0.451"),
        (HOUR_S, 13 * HOUR_S, "0.002"),
        (HOUR_S, 30 * HOUR_S + 1, "0.406"),
        (12 * HOUR_S, 36 * HOUR_S, "0.404"),
        (2 * DAY_S, 2 * DAY_S + 1, "0.04"),
        (2 * DAY_S + 1, 9 * DAY_S, "0"),
        (DAY_S, DAY_S, "0"),
    ):
        sums = book.database.read(partial(usage_between, from_at=at(from_s), to_at=at(to_s)))
        assert sum(sums.nanos.values()) == usd(dollars).nanos, (from_s, to_s)
    whole = book.database.read(lambda connection: usage_between(connection, at(-DAY_S), at(9 * DAY_S)))
    assert whole.unreadable_count == 1
    edge = book.database.read(lambda connection: usage_between(connection, at(3 * DAY_S), at(3 * DAY_S + 60)))
    assert edge.unreadable_count == 1


def test_a_statement_from_the_last_balance_before_to_the_last_within(book: Book) -> None:
    read_balances(
        book,
        *(snapshot(-HOUR_S, "10"), snapshot(6 * HOUR_S, "9.99"), snapshot(7 * HOUR_S, "59.98")),
        *(snapshot(20 * HOUR_S, "56.97"), snapshot(3 * DAY_S, "1")),
    )
    book.database.write(
        lambda connection: add_charges(connection, [charges(TODAY + timedelta(days=1), 2 * DAY_S, "3")])
    )
    record_all(
        book,
        [
            leg().hangup(60),
            leg().record("sip-trunking", "0.007", 0),
            message_record("one", "0.003", HOUR_S),
            message_record("two", "0.01", 6.5 * HOUR_S),
            message_record("before", "5", -2 * HOUR_S),
            message_record("after", "5", 21 * HOUR_S),
            replace(record("inference", at_s=HOUR_S), cost=parse_money("0.25", "EUR")),
        ],
    )
    loaded = statement(book, 0, DAY_S)
    assert loaded is not None
    assert (loaded.facts.opening, loaded.facts.closing) == (
        snapshot(-HOUR_S, "10"),
        snapshot(20 * HOUR_S, "56.97"),
    )
    assert [
        (line.record_type or line.kind, line.nanos, line.at) for line in statement_lines(loaded.facts)
    ] == [
        ("top_up", usd("50").nanos, at(7 * HOUR_S)),
        ("messaging", usd("-0.013").nanos, None),
        ("sip-trunking", usd("-0.007").nanos, None),
        ("monthly", usd("-3").nanos, None),
        ("unexplained", usd("-0.01").nanos, None),
    ]
    notes = " ".join(notes_of(loaded.doubts))
    assert "0.25 EUR" in notes
    assert "still wait for records: usage not told yet: 1" in notes
    assert "charges_summary" not in notes


def test_without_a_balance_in_the_period_there_is_no_statement(book: Book) -> None:
    assert statement(book, 0, DAY_S) is None
    read_balances(book, snapshot(-HOUR_S, "10"), snapshot(2 * DAY_S, "9"))
    assert statement(book, 0, DAY_S) is None


def test_a_statement_tells_the_gaps_between_its_snapshots_also_where_nothing_changed(book: Book) -> None:
    read_balances(book, *(snapshot(day * DAY_S, "5") for day in (0, 0.5, 1, 3, 3.5)))
    loaded = statement(book, 0, 4 * DAY_S)
    assert loaded is not None
    assert loaded.doubts.gaps == [(at(DAY_S), at(3 * DAY_S))]


def test_a_statement_is_in_the_currency_of_its_closing_balance(book: Book) -> None:
    read_balances(book, snapshot(-60, "5", "EUR"), snapshot(60, "4", "EUR"), snapshot(HOUR_S, "4"))
    read_balances(book, snapshot(2 * HOUR_S, "3"))
    loaded = statement(book, 0, DAY_S)
    assert loaded is not None
    assert (loaded.facts.opening, loaded.facts.closing) == (snapshot(HOUR_S, "4"), snapshot(2 * HOUR_S, "3"))


@pytest.mark.parametrize("dollars", ["9223372036.854775807", "-9223372036.854775807"])
def test_the_largest_amounts_are_kept(book: Book, dollars: str) -> None:
    read_balances(book, snapshot(0, dollars))
    assert changes(book, 0, 1) == [snapshot(0, dollars)]
