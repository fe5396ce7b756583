"""Rule n: when a sweep closes a part. Each bound is tried at the microsecond."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.ledger.facts import ProvenWindow, UsageReading
from tests.unit.ledger.books import (
    RULES,
    Fact,
    book,
    charge_in,
    closing,
    cost_in,
    leg_in,
    open_in,
    orders,
    usage,
    window,
)
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    DAY,
    HOUR,
    START,
    answered_call,
    at,
    call_control,
    call_cost,
    cost_part,
    hangup,
    nanos,
    recording,
    recording_saved,
    sip_trunking,
    unanswered_call,
)

TINY = timedelta(microseconds=1)
COMPLETE: list[Fact] = [
    *answered_call(CUSTOMER),
    sip_trunking(CUSTOMER),
    call_cost(CUSTOMER, cost_part("call-control", "0.0060"), cost_part("call-control", "0.0060")),
]
"""From 0 to 168 s; of two call-control parts no record has come."""
CLOSING = closing("call-control")


def is_closed(*windows: Fact) -> bool:
    """Whether `call.cost` no longer stands in for the records that never came."""
    cost = cost_in(book(*COMPLETE, *windows), CUSTOMER)
    assert cost in (nanos("0.0150"), nanos("0.0270"))
    return cost == nanos("0.0150")


def test_a_window_of_an_hour_more_on_both_sides_read_a_horizon_later_closes() -> None:
    assert is_closed(CLOSING)


@pytest.mark.parametrize(
    "almost",
    [
        replace(CLOSING, from_at=CLOSING.from_at + TINY),
        replace(CLOSING, to_at=CLOSING.to_at - TINY),
        replace(CLOSING, read_at=CLOSING.read_at - TINY),
        replace(CLOSING, record_type="sip-trunking"),
        replace(CLOSING, is_proven=False),
        replace(CLOSING, from_at=at(-10 * DAY), read_at=at(0)),
    ],
    ids=["starts late", "ends early", "read early", "other type", "unproven", "wide but early"],
)
def test_one_that_is_a_microsecond_short_does_not(almost: ProvenWindow) -> None:
    assert not is_closed(almost)


def test_two_windows_that_only_together_span_it_do_not_add_up() -> None:
    half = at(80)
    assert not is_closed(replace(CLOSING, to_at=half), replace(CLOSING, from_at=half))


def test_a_wider_and_later_one_does() -> None:
    assert is_closed(window("call-control", -30 * DAY, 30 * DAY, 31 * DAY))


def test_the_horizon_is_a_setting() -> None:
    short = replace(RULES, settle_horizon=timedelta(seconds=5))
    early = replace(CLOSING, read_at=at(168 + 5))
    derived = book(*unanswered_call(CUSTOMER), rules=short)
    assert not charge_in(derived, CUSTOMER).can_settle
    assert cost_in(book(*COMPLETE, early, rules=short), CUSTOMER) == nanos("0.0150")
    assert not is_closed(early)


def test_the_longest_hang_up_bounds_it() -> None:
    """A hang-up that says the call lasted longer takes the closing back until a window reaches that far."""
    longer = hangup(CUSTOMER, 2 * HOUR, name="later word")
    assert is_closed(CLOSING)
    assert not is_closed(CLOSING, longer)
    assert is_closed(closing("call-control", 0, 2 * HOUR), longer)


def test_a_leg_without_a_hang_up_is_closed_4_hours_after_its_last_fact() -> None:
    items = [fact for fact in COMPLETE if getattr(fact, "event_type", "") != "call.hangup"]
    end = 170 + 4 * HOUR
    assert cost_in(book(*items, closing("call-control", 0, end - 1)), CUSTOMER) == nanos("0.0270")
    assert cost_in(book(*items, closing("call-control", 0, end)), CUSTOMER) == nanos("0.0150")


TODAY = START.date()


def word(
    later: float, *, record_type: str = "call-control", day: date = TODAY, **fields: Any
) -> UsageReading:
    """What usage_reports said so many seconds after it could first close the call."""
    return usage(record_type, day, 168 + DAY + later, **fields)


class TestEmptyAnswers:
    """Zero rows close only with proof that the question was understood."""

    EMPTY = replace(CLOSING, row_count=0, is_proven=False)

    def test_rows_of_the_same_form_of_query_are_proof(self) -> None:
        assert is_closed(replace(self.EMPTY, is_proven=True))

    def test_without_proof_nothing_becomes_exact(self) -> None:
        windows = [replace(self.EMPTY, record_type=name) for name in RULES.base_types]
        derived = book(*answered_call(CUSTOMER), *windows)
        charge = charge_in(derived, CUSTOMER)
        assert (charge.cost_nanos, charge.can_settle) == (nanos("0.045"), False)

    def test_usage_reports_of_0_for_that_product_and_day_are_proof(self) -> None:
        assert is_closed(self.EMPTY, usage("call-control", START.date(), 168 + DAY))

    @pytest.mark.parametrize(
        "report",
        [
            usage("sip-trunking", START.date(), 168 + DAY),
            usage("call-control", START.date() - timedelta(days=1), 168 + DAY),
            usage("call-control", START.date() + timedelta(days=1), 168 + DAY),
            usage("call-control", START.date(), 168 + DAY - 1),
        ],
        ids=["other product", "day before", "day after", "read early"],
    )
    def test_of_another_product_or_day_or_too_early_they_are_not(self, report: Fact) -> None:
        assert not is_closed(self.EMPTY, report)

    @pytest.mark.parametrize(
        "reports",
        [
            [word(0), word(HOUR, is_zero=False)],
            [word(0), word(0, is_zero=False)],
            [word(0), word(-1, is_zero=False, key="former")],
            [word(0), word(-1, is_zero=False, key="former", has_spoken=False)],
            [word(0), word(HOUR, is_zero=False), word(2 * HOUR, has_spoken=False)],
            [word(0, has_spoken=False)],
            [word(0, is_zero=False)],
        ],
        ids=[
            "more was read later",
            "more in the same answer",
            "more to another key",
            "more to a key without records",
            "0 again, but to a key that fell silent",
            "0 to a key without records",
            "more alone",
        ],
    )
    def test_of_each_key_the_last_word_must_be_0(self, reports: list[Fact]) -> None:
        for order in orders(*reports):
            assert not is_closed(self.EMPTY, *order)

    @pytest.mark.parametrize(
        "reports",
        [
            [word(-1, is_zero=False), word(0)],
            [word(-1, is_zero=False), word(-1), word(0)],
            [word(0), word(HOUR, is_zero=False), word(2 * HOUR)],
            [word(0), word(HOUR, has_spoken=False)],
            [word(0), word(HOUR, key="empty", has_spoken=False)],
            [word(0), word(HOUR, is_zero=False, record_type="webrtc")],
            [word(0), word(HOUR, is_zero=False, day=START.date() + timedelta(days=1))],
        ],
        ids=[
            "more at first",
            "more, then 0 early and late",
            "more and then 0 again",
            "0 again, to a key that fell silent",
            "0 to another, empty account",
            "more of another type",
            "more on another day",
        ],
    )
    def test_what_was_read_before_or_of_others_does_not_matter(self, reports: list[Fact]) -> None:
        for order in orders(*reports):
            assert is_closed(self.EMPTY, *order)

    def test_over_midnight_every_day_must_be_unused(self) -> None:
        start, end = 14 * HOUR - 60, 14 * HOUR + 60
        told = [*answered_call(CUSTOMER, start)[:2], hangup(CUSTOMER, end, start=start)]
        windows = [
            replace(closing(name, start, end), row_count=0, is_proven=False) for name in RULES.base_types
        ]

        def reports(day: date) -> list[Fact]:
            return [usage(name, day, end + DAY) for name in RULES.base_types]

        today, tomorrow = reports(START.date()), reports(START.date() + timedelta(days=1))
        assert not charge_in(book(*told, *windows, *today), CUSTOMER).can_settle
        assert not charge_in(book(*told, *windows, *tomorrow), CUSTOMER).can_settle
        assert charge_in(book(*told, *windows, *today, *tomorrow), CUSTOMER).can_settle

    @pytest.mark.parametrize(("last_day", "is_proven"), [(7, True), (8, False)])
    def test_a_call_of_more_than_a_week_is_proven_by_no_report(self, last_day: int, is_proven: bool) -> None:
        start, end = 0, last_day * DAY
        told = [*answered_call(CUSTOMER)[:2], hangup(CUSTOMER, end, start=start)]
        windows = [
            replace(closing(name, start, end), row_count=0, is_proven=False) for name in RULES.base_types
        ]
        days = [START.date() + timedelta(days=n) for n in range(10)]
        reports = [usage(name, day, end + DAY) for name in RULES.base_types for day in days]
        assert charge_in(book(*told, *windows, *reports), CUSTOMER).can_settle == is_proven
        assert charge_in(book(*told, *(replace(w, is_proven=True) for w in windows)), CUSTOMER).can_settle


class TestSessionWideParts:
    """A part of the session is closed only when its last leg could be."""

    SAVED = recording_saved(AGENT, "rec-agent", 2 * HOUR)
    ITEMS: tuple[Fact, ...] = (
        *answered_call(CUSTOMER),
        sip_trunking(CUSTOMER),
        call_control(CUSTOMER),
        *answered_call(AGENT, 60)[:2],
        hangup(AGENT, 2 * HOUR, start=60),
        sip_trunking(AGENT, start=60),
        call_control(AGENT, start=60),
    )

    def test_the_owners_own_end_is_not_enough(self) -> None:
        derived = book(*self.ITEMS, self.SAVED, closing("recording", 0, 168))
        assert leg_in(derived, CUSTOMER).missing == ("recording",)

    def test_the_last_legs_end_is(self) -> None:
        derived = book(*self.ITEMS, self.SAVED, closing("recording", 0, 2 * HOUR))
        assert leg_in(derived, CUSTOMER).missing == ()
        assert derived.open_items == ()

    def test_the_span_that_it_waits_for_is_told(self) -> None:
        item = open_in(book(*self.ITEMS, self.SAVED), CUSTOMER)
        assert item is not None
        assert (item.span.start_at, item.span.end_at) == (at(0), at(2 * HOUR))

    def test_of_a_base_set_that_has_one_it_is_the_same(self) -> None:
        recorded = replace(RULES, base_types=("sip-trunking", "recording"))
        item = open_in(book(*self.ITEMS, rules=recorded), CUSTOMER)
        assert item is not None
        assert (item.missing, item.span.end_at) == (("recording",), at(2 * HOUR))

    def test_so_it_is_where_call_cost_still_stands_in_for_recordings(self) -> None:
        told = call_cost(AGENT, cost_part("call-recording", "0.0060"), cost_part("call-recording", "0.0060"))
        item = open_in(book(*self.ITEMS, told, recording()), CUSTOMER)
        assert item is not None
        assert (item.unclosed, item.span.end_at) == (("recording",), at(2 * HOUR))

    def test_a_recording_that_nobody_waits_for_holds_nothing_up(self) -> None:
        told = call_cost(CUSTOMER, cost_part("call-control", "0.0060"), cost_part("call-control", "0.0060"))
        item = open_in(book(*self.ITEMS, told, recording(cost="0", billed=0)), CUSTOMER)
        assert item is not None
        assert (item.unclosed, item.span.end_at) == (("call-control",), at(168))

    def test_once_it_is_there_the_owners_own_end_counts_again(self) -> None:
        told = call_cost(CUSTOMER, cost_part("call-control", "0.0060"), cost_part("call-control", "0.0060"))
        item = open_in(book(*self.ITEMS, self.SAVED, recording(), told), CUSTOMER)
        assert item is not None
        assert (item.unclosed, item.span.end_at) == (("call-control",), at(168))


def test_closing_takes_no_record_away() -> None:
    items: list[Fact] = [*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)]
    windows = [replace(closing(name), row_count=0) for name in RULES.base_types]
    assert book(*items, *windows).charges == book(*items).charges


def test_a_window_alone_comes_to_nothing() -> None:
    assert book(CLOSING).charges == ()
