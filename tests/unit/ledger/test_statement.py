"""A statement adds up to the nano, whatever is known; what it says of top-ups, charges and credits; what it doubts."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.times import utc_day
from services.ledger.account_charges import AccountCharges
from services.ledger.balances import Snapshot
from services.ledger.statement import (
    Line,
    StatementFacts,
    days_begun,
    rises_of,
    statement_lines,
    with_usage,
)
from services.ledger.statement_notes import Doubts, notes_of
from tests.unit.ledger.builders import DAY, HOUR, START, at, nanos
from tests.unit.ledger.test_balances import hourly, snapshot

TODAY = utc_day(START)


def charges(day: date = TODAY, **dollars: str) -> AccountCharges:
    """The charges of a day whose grand total is right unless it is given."""
    names = ("new_monthly", "existing_monthly", "new_one_time", "credits", "ledger_adjustments", "other")
    amounts = {name: nanos(dollars.get(name, "0")) for name in names}
    total = nanos(dollars["grand_total"]) if "grand_total" in dollars else sum(amounts.values())
    told = {f"{name}_nanos": amount for name, amount in amounts.items()}
    return AccountCharges(day=day, read_at=at(2 * DAY), currency="USD", grand_total_nanos=total, **told)


def facts(
    course: list[Snapshot], usage: dict[str, str] | None = None, *days: AccountCharges
) -> StatementFacts:
    return StatementFacts(
        opening=course[0],
        closing=course[-1],
        rises=rises_of(course),
        usage={name: nanos(dollars) for name, dollars in (usage or {}).items()},
        charges=days,
    )


def told(of: StatementFacts) -> list[tuple[str, int]]:
    return [(line.record_type or line.kind, line.nanos) for line in statement_lines(of)]


amounts = st.integers(-(10**15), 10**15)
some_charges = st.builds(
    AccountCharges,
    day=st.integers(-1, 3).map(lambda number: TODAY + timedelta(days=number)),
    read_at=st.just(at(9 * DAY)),
    currency=st.just("USD"),
    **{
        f"{name}_nanos": st.sampled_from([0, 5 * 10**9, -(5 * 10**9)]) | amounts
        for name in (
            *("new_monthly", "existing_monthly", "new_one_time", "credits", "ledger_adjustments"),
            *("other", "grand_total"),
        )
    },
)


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=30),
    st.dictionaries(st.sampled_from(["sip-trunking", "messaging", "amd"]), amounts),
    st.lists(some_charges, max_size=4),
    st.lists(amounts, max_size=30),
)
def test_opening_and_all_lines_come_to_closing(
    balances: list[int], usage: dict[str, int], days: list[AccountCharges], used: list[int]
) -> None:
    course = hourly(*map(str, balances))
    rises = [with_usage(rise, nanos) for rise, nanos in zip(rises_of(course), used, strict=False)]
    lines = statement_lines(
        StatementFacts(opening=course[0], closing=course[-1], rises=rises, usage=usage, charges=days)
    )
    assert course[0].balance_nanos + sum(line.nanos for line in lines) == course[-1].balance_nanos
    assert [line.kind for line in lines].count("unexplained") == 1
    assert lines[-1].kind == "unexplained"
    assert all(line.nanos for line in lines[:-1])


def test_what_moves_the_balance_has_a_line_each() -> None:
    course = [snapshot(0, "10"), snapshot(HOUR, "8"), snapshot(2 * HOUR, "57.5"), snapshot(3 * HOUR, "50")]
    day = charges(new_monthly="1", existing_monthly="2", new_one_time="0.5", other="0.25")
    of = facts(course, {"sip-trunking": "3", "messaging": "1.75"}, day)
    of = replace(of, rises=[with_usage(of.rises[0], nanos("0.5"))])
    assert told(of) == [
        ("top_up", nanos("50")),
        ("messaging", nanos("-1.75")),
        ("sip-trunking", nanos("-3")),
        ("monthly", nanos("-3")),
        ("one_time", nanos("-0.5")),
        ("taxes_and_fees", nanos("-0.25")),
        ("unexplained", nanos("-1.5")),
    ]
    assert [line.kind for line in statement_lines(of) if line.record_type] == ["usage", "usage"]
    [top_up] = [line for line in statement_lines(of) if line.kind == "top_up"]
    assert (top_up.at, top_up.is_inferred) == (at(2 * HOUR), True)
    assert not any(line.is_inferred for line in statement_lines(of) if line.kind != "top_up")


def test_a_statement_of_one_snapshot_has_nothing_to_tell() -> None:
    assert statement_lines(facts([snapshot(0, "5")])) == [Line(kind="unexplained", nanos=0)]


@pytest.mark.parametrize(
    ("credit", "total"),
    [("-1.5", "-1.5"), ("1.5", "-1.5")],
    ids=["as a charge below 0", "as what is paid in"],
)
def test_a_credit_raises_the_balance_however_it_is_written(credit: str, total: str) -> None:
    day = charges(credits=credit, grand_total=total)
    course = [snapshot(0, "10"), snapshot(HOUR, "11.5")]
    assert told(facts(course, {}, day)) == [("credits", nanos("1.5")), ("unexplained", 0)]


def test_an_adjustment_can_go_either_way() -> None:
    day = charges(ledger_adjustments="0.2")
    assert told(facts([snapshot(0, "1"), snapshot(HOUR, "0.8")], {}, day)) == [
        ("adjustments", nanos("-0.2")),
        ("unexplained", 0),
    ]


def test_a_top_up_beside_a_credit_is_told_alone() -> None:
    course = [snapshot(0, "0"), snapshot(HOUR, "50"), snapshot(2 * HOUR, "51.5")]
    assert told(facts(course, {}, charges(credits="-1.5"))) == [
        ("top_up", nanos("50")),
        ("credits", nanos("1.5")),
        ("unexplained", 0),
    ]


def test_a_credit_of_another_day_or_of_another_size_is_no_top_up_of_today() -> None:
    course = [snapshot(0, "0"), snapshot(HOUR, "50")]
    for day in (charges(TODAY + timedelta(days=1), credits="-50"), charges(credits="-10")):
        assert ("top_up", nanos("50")) in told(facts(course, {}, day))


def test_of_two_rises_the_one_that_is_nearest_shows_a_credit() -> None:
    course = [snapshot(0, "0"), snapshot(HOUR, "1.5"), snapshot(2 * HOUR, "51.5")]
    assert told(facts(course, {}, charges(credits="-50"))) == [
        ("top_up", nanos("1.5")),
        ("credits", nanos("50")),
        ("unexplained", 0),
    ]


@pytest.mark.parametrize(
    ("credit", "rise", "is_shown"),
    [("20", "21", True), ("20", "21.000000001", False), ("1E-9", "1E-9", True)],
)
def test_a_rise_shows_a_credit_that_is_a_twentieth_off(credit: str, rise: str, is_shown: bool) -> None:
    lines = told(facts([snapshot(0, "0"), snapshot(HOUR, rise)], {}, charges(credits=f"-{credit}")))
    assert ("credits", nanos(credit)) in lines
    assert (("top_up", nanos(rise)) in lines) == (not is_shown)


def test_a_level_balance_is_no_rise() -> None:
    assert rises_of(hourly("5", "5")) == []


def test_one_rise_shows_one_credit() -> None:
    course = [snapshot(0, "0"), snapshot(HOUR, "5"), snapshot(2 * HOUR, "10")]
    day = charges(credits="-5", ledger_adjustments="-5")
    assert told(facts(course, {}, day)) == [
        ("credits", nanos("5")),
        ("adjustments", nanos("5")),
        ("unexplained", 0),
    ]


def test_a_day_belongs_to_one_of_two_statements_that_follow_each_other() -> None:
    moments = [at(0), at(HOUR), at(14 * HOUR), at(3 * DAY), at(3 * DAY + 14 * HOUR)]
    spans = [days_begun(moments[i], moments[i + 1]) for i in range(len(moments) - 1)]
    first, after = days_begun(moments[0], moments[-1])
    assert (spans[0][0], spans[-1][1]) == (first, after)
    assert all(spans[i][1] == spans[i + 1][0] for i in range(len(spans) - 1))


SURE = Doubts(
    from_at=at(0),
    until_at=at(DAY),
    opening_at=at(-60),
    closing_at=at(DAY - 60),
    gaps=(),
    days=(TODAY, TODAY + timedelta(days=1)),
    charges=[charges()],
    currency="USD",
    foreign={},
    unreadable_count=0,
    open_count=0,
)


def test_where_all_is_known_there_are_no_notes() -> None:
    assert notes_of(SURE) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"opening_at": at(60)}, "first read at 2026-11-21T10:01:00Z"),
        ({"closing_at": at(-60), "until_at": at(DAY)}, "last read at 2026-11-21T09:59:00Z"),
        ({"gaps": [(at(0), at(2 * DAY))]}, "between 2026-11-21T10:00:00Z and 2026-11-23T10:00:00Z"),
        ({"gaps": [(at(0), at(2 * DAY))] * 12}, "2 more such gaps"),
        ({"charges": []}, "not told of 1 of 1 days, the first of them 2026-11-21"),
        ({"charges": [charges(grand_total="3")]}, "do not add up"),
        ({"charges": [replace(charges(), currency="EUR")]}, "in another currency"),
        ({"foreign": {"EUR": nanos("0.12")}}, "0.12 EUR"),
        ({"unreadable_count": 3}, "cannot be read, which count as 0: 3"),
        ({"open_count": 2}, "still wait for records: usage not told yet: 2"),
    ],
    ids=str,
)
def test_each_doubt_is_a_sentence(change: dict[str, Any], words: str) -> None:
    notes = notes_of(replace(SURE, **change))
    assert words in " ".join(notes)
    assert all(note.endswith(".") for note in notes)
