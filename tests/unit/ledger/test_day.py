"""Rule m: the day of a charge is that of the leg's start."""

from datetime import date

from services.common.times import utc_day
from tests.unit.ledger.books import Fact, book, charge_in
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    DAY,
    HOUR,
    amd,
    answered,
    at,
    call_control,
    call_event,
    hangup,
    initiated,
    recording,
    sip_trunking,
)

MIDNIGHT = 14 * HOUR
"""Seconds from START to the end of its UTC day."""


def day(*items: Fact) -> date:
    return utc_day(charge_in(book(*items), CUSTOMER).billing_at)


TODAY, TOMORROW = utc_day(at(0)), utc_day(at(DAY))
LATE_HANGUP = hangup(CUSTOMER, MIDNIGHT + 60, start=MIDNIGHT - 60)
LATE_START = initiated(CUSTOMER, MIDNIGHT + 1)


def test_it_is_the_hang_ups_start_time_while_nothing_is_billed() -> None:
    assert day(LATE_START, LATE_HANGUP) == TODAY


def test_a_hang_up_without_start_time_leaves_the_first_event() -> None:
    nameless = hangup(CUSTOMER, MIDNIGHT + 60, start=None)
    assert day(initiated(CUSTOMER, MIDNIGHT - 60), nameless) == TODAY
    assert day(nameless) == TOMORROW


def test_a_billed_record_goes_before_the_hang_up() -> None:
    assert day(LATE_START, LATE_HANGUP, sip_trunking(CUSTOMER, start=MIDNIGHT + 2)) == TOMORROW


def test_a_zero_record_does_not() -> None:
    assert day(LATE_START, LATE_HANGUP, sip_trunking(CUSTOMER, "0", 0, start=MIDNIGHT + 2)) == TODAY


def test_of_several_billed_records_it_is_the_earliest() -> None:
    records = [sip_trunking(CUSTOMER, start=MIDNIGHT + 2), call_control(CUSTOMER, start=MIDNIGHT - 1)]
    assert day(LATE_START, LATE_HANGUP, *records) == TODAY


def test_a_feature_begins_when_it_began_not_when_the_call_did() -> None:
    assert day(LATE_START, LATE_HANGUP, amd(CUSTOMER, start=MIDNIGHT + 5)) == TODAY


def test_a_legs_day_is_not_changed_by_the_records_of_another() -> None:
    others: list[Fact] = [sip_trunking(AGENT, start=MIDNIGHT + 5), recording(start=MIDNIGHT + 5)]
    derived = book(initiated(CUSTOMER, MIDNIGHT - 60), LATE_HANGUP, *others)
    assert utc_day(charge_in(derived, CUSTOMER).billing_at) == TODAY
    assert utc_day(charge_in(derived, AGENT).billing_at) == TOMORROW


def test_without_a_hang_up_it_is_the_first_event() -> None:
    told = call_event(
        CUSTOMER, "call.cost", MIDNIGHT + 10, status="success", total_cost="0.01", cost_parts=None
    )
    assert day(answered(CUSTOMER, MIDNIGHT - 1), told) == TODAY


def test_a_silent_leg_starts_with_its_first_record() -> None:
    zero = sip_trunking(CUSTOMER, "0", 0, start=MIDNIGHT - 1)
    assert day(zero) == day(zero, sip_trunking(CUSTOMER, "0", 0, start=MIDNIGHT + 1, name="next")) == TODAY
    assert day(sip_trunking(CUSTOMER, start=MIDNIGHT + 1)) == TOMORROW


def test_a_record_without_its_time_counts_from_when_it_was_first_read() -> None:
    assert day(sip_trunking(CUSTOMER, started_at=None, seen=DAY)) == TOMORROW
