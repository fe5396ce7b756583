"""Rule d: which `call.cost` counts, in all of its forms, and what it does without parts."""

from typing import Any

import pytest

from tests.unit.ledger.books import Fact, book, charge_in, closing, cost_in, leg_in, orders
from tests.unit.ledger.builders import (
    CUSTOMER,
    answered_call,
    call_control,
    call_cost,
    cost_part,
    hangup,
    nanos,
    sip_trunking,
    unanswered_call,
)

ESTIMATE = nanos("0.045")
CALL: list[Fact] = [*answered_call(CUSTOMER)]
OTHER_STATUSES = ["success", "valid", "invalid", "call_hangup", "cancelled", "cancelled_amd", ""]


def parts(trunk: str, control: str = "0.0060") -> list[dict[str, Any]]:
    return [cost_part("sip-trunking", trunk), cost_part("call-control", control)]


def test_the_latest_counts_whatever_came_last() -> None:
    early, late = (
        call_cost(CUSTOMER, *parts("0.0150"), when=170),
        call_cost(CUSTOMER, *parts("0.0100"), when=171),
    )
    for order in orders(early, late):
        assert cost_in(book(*CALL, *order), CUSTOMER) == nanos("0.0160")


def test_of_two_at_the_same_moment_the_greater_event_id_counts() -> None:
    rivals = [call_cost(CUSTOMER, *parts(trunk)) for trunk in ("0.0150", "0.0100", "0.0200")]
    winner = max(rivals, key=lambda event: event.event_id)
    expected = cost_in(book(*CALL, winner), CUSTOMER)
    for order in orders(*rivals):
        assert cost_in(book(*CALL, *order), CUSTOMER) == expected


def test_an_error_is_no_cost() -> None:
    good = call_cost(CUSTOMER, *parts("0.0150"), when=170)
    error = call_cost(CUSTOMER, *parts("0.0999"), when=400, status="error")
    assert cost_in(book(*CALL, good, error), CUSTOMER) == nanos("0.0210")
    alone = book(*CALL, call_cost(CUSTOMER, total_cost=None, status="error"))
    assert cost_in(alone, CUSTOMER) == ESTIMATE
    assert charge_in(alone, CUSTOMER).source == "fallback"
    assert leg_in(alone, CUSTOMER).unreadable == ()


@pytest.mark.parametrize("status", OTHER_STATUSES)
def test_every_other_status_is_accepted(status: str) -> None:
    derived = book(*CALL, call_cost(CUSTOMER, *parts("0.0150"), status=status))
    assert cost_in(derived, CUSTOMER) == nanos("0.0210")
    assert charge_in(derived, CUSTOMER).can_settle


def test_one_without_amounts_does_not_take_the_place_of_one_with() -> None:
    good, empty = call_cost(CUSTOMER, *parts("0.0150"), when=170), call_cost(CUSTOMER, when=400)
    assert cost_in(book(*CALL, good, empty), CUSTOMER) == nanos("0.0210")
    assert cost_in(book(*CALL, empty), CUSTOMER) == ESTIMATE


@pytest.mark.parametrize(
    "part",
    [
        {"call_part": "sip-trunking", "cost": "0.0150", "billed_duration_secs": 180},
        {"call_part": "sip-trunking", "cost": 0.0150, "rate": 0.005, "billed_duration_secs": 180},
        {"type": "sip-trunking", "cost": "1.50E-2", "billed_duration_secs": 180},
    ],
)
def test_parts_are_read_in_every_form(part: dict[str, Any]) -> None:
    derived = book(*CALL, call_cost(CUSTOMER, part, cost_part("call-control", "0.0060")))
    assert cost_in(derived, CUSTOMER) == nanos("0.0210")
    assert leg_in(derived, CUSTOMER).missing == ()


@pytest.mark.parametrize(
    "flat",
    [
        {"total_cost": "0.0210"},
        {"total_cost": 0.0210},
        {"cost": {"amount": "0.0210", "currency": "USD"}},
        {"amount": "0.0210", "currency": "USD"},
    ],
)
def test_without_parts_it_replaces_the_estimate_as_the_floor(flat: dict[str, Any]) -> None:
    """Also where it is the smaller: Telnyx has spoken, the estimate has not."""
    derived = book(*CALL, call_cost(CUSTOMER, cost_parts=None, **flat))
    charge = charge_in(derived, CUSTOMER)
    assert charge.cost_nanos == nanos("0.0210") < ESTIMATE
    assert (charge.source, charge.can_settle) == ("call_cost_webhook", False)
    assert leg_in(derived, CUSTOMER).missing == ("call-control", "sip-trunking")
    assert leg_in(derived, CUSTOMER).estimate_nanos == ESTIMATE


def test_a_floor_stands_until_the_base_records_are_there() -> None:
    flat = call_cost(CUSTOMER, total_cost="0.0300")
    trunk, control = sip_trunking(CUSTOMER), call_control(CUSTOMER)
    assert cost_in(book(*CALL, flat, trunk), CUSTOMER) == nanos("0.0300")
    assert cost_in(book(*CALL, flat, trunk, control), CUSTOMER) == nanos("0.0210")


def test_closed_windows_of_the_base_set_take_the_floor_away() -> None:
    flat, trunk = call_cost(CUSTOMER, total_cost="0.0300"), sip_trunking(CUSTOMER)
    half = book(*CALL, flat, trunk, closing("sip-trunking"))
    assert cost_in(half, CUSTOMER) == nanos("0.0300")
    whole = book(*CALL, flat, trunk, closing("call-control"))
    assert cost_in(whole, CUSTOMER) == nanos("0.0150")
    assert charge_in(whole, CUSTOMER).can_settle


def test_with_parts_the_total_is_no_floor() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "0.0150"), total_cost="0.9")
    assert cost_in(book(*CALL, told), CUSTOMER) == ESTIMATE


def test_parts_that_exceed_the_floor_count() -> None:
    flat = call_cost(CUSTOMER, total_cost="0.0100")
    assert cost_in(book(*CALL, flat, sip_trunking(CUSTOMER)), CUSTOMER) == nanos("0.0150")


def test_before_the_hang_up_it_is_already_known() -> None:
    told = call_cost(CUSTOMER, *parts("0.0150"), when=170)
    assert cost_in(book(CALL[0], told), CUSTOMER) == nanos("0.0210")


def test_a_total_that_is_not_0_shows_that_the_call_was_answered() -> None:
    busy: list[Fact] = [*unanswered_call(CUSTOMER)]
    assert cost_in(book(*busy, call_cost(CUSTOMER, total_cost="0.0100")), CUSTOMER) == nanos("0.0100")
    assert cost_in(book(*busy, call_cost(CUSTOMER, total_cost="0")), CUSTOMER) == 0


class TestHangUpWithACost:
    """Older accounts saw `cost: {amount, currency}` on the hang-up itself."""

    OLD = hangup(CUSTOMER, cost={"amount": "0.0190", "currency": "USD"})

    def test_it_is_the_floor(self) -> None:
        assert cost_in(book(*CALL[:2], self.OLD), CUSTOMER) == nanos("0.0190")

    def test_a_call_cost_goes_before_it(self) -> None:
        early = call_cost(CUSTOMER, total_cost="0.0210", when=160)
        assert cost_in(book(*CALL[:2], self.OLD, early), CUSTOMER) == nanos("0.0210")

    def test_the_last_hang_ups_counts(self) -> None:
        later = hangup(CUSTOMER, 170, cost={"amount": "0.0170", "currency": "USD"})
        assert cost_in(book(*CALL[:2], self.OLD, later), CUSTOMER) == nanos("0.0170")

    def test_a_0_says_nothing(self) -> None:
        zero = hangup(CUSTOMER, cost={"amount": "0", "currency": "USD"})
        assert cost_in(book(*CALL[:2], zero), CUSTOMER) == ESTIMATE
