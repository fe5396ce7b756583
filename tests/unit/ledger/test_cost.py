"""Rule h: what a leg costs while its records are coming in, and with what it settles."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.ledger.books import RULES, Fact, book, charge_in, closing, cost_in, leg_in, open_in
from tests.unit.ledger.builders import (
    ACCOUNT_NUMBER,
    AGENT,
    CUSTOMER,
    CUSTOMER_NUMBER,
    TWIN,
    amd,
    answered,
    answered_call,
    call_control,
    call_cost,
    cost_part,
    hangup,
    initiated,
    machine_detected,
    nanos,
    recording,
    recording_saved,
    row,
    sip_trunking,
    unanswered_call,
)

ESTIMATE = nanos("0.045")
CALL: list[Fact] = [*answered_call(CUSTOMER)]
BUSY: list[Fact] = [*unanswered_call(CUSTOMER)]


class TestBaseSet:
    def test_until_it_is_present_the_estimate_is_the_floor(self) -> None:
        assert cost_in(book(*CALL, sip_trunking(CUSTOMER)), CUSTOMER) == ESTIMATE
        assert cost_in(book(*CALL, call_control(CUSTOMER), amd(CUSTOMER)), CUSTOMER) == ESTIMATE

    def test_parts_that_exceed_the_estimate_count(self) -> None:
        dear = sip_trunking(CUSTOMER, "0.5000")
        assert cost_in(book(*CALL, dear, amd(CUSTOMER)), CUSTOMER) == nanos("0.5020")
        assert not charge_in(book(*CALL, dear, amd(CUSTOMER)), CUSTOMER).can_settle

    def test_the_floor_is_no_part_and_never_added(self) -> None:
        part = sip_trunking(CUSTOMER, "0.0440")
        assert cost_in(book(*CALL, part), CUSTOMER) == ESTIMATE
        assert cost_in(book(*CALL, part, amd(CUSTOMER)), CUSTOMER) == nanos("0.0460")

    def test_once_it_is_present_the_parts_alone_count(self) -> None:
        derived = book(*CALL, sip_trunking(CUSTOMER, "0.0010"), call_control(CUSTOMER, "0"))
        assert cost_in(derived, CUSTOMER) == nanos("0.0010") < ESTIMATE
        assert charge_in(derived, CUSTOMER).can_settle

    def test_the_estimate_is_still_told(self) -> None:
        derived = book(*CALL, sip_trunking(CUSTOMER), call_control(CUSTOMER))
        assert leg_in(derived, CUSTOMER).estimate_nanos == ESTIMATE

    def test_it_is_a_setting(self) -> None:
        trunk_only = replace(RULES, base_types=("sip-trunking",))
        derived = book(*CALL, sip_trunking(CUSTOMER), rules=trunk_only)
        assert cost_in(derived, CUSTOMER) == nanos("0.0150")
        assert charge_in(derived, CUSTOMER).can_settle

    def test_a_session_wide_type_in_it_is_the_owners_to_have(self) -> None:
        every_call_recorded = replace(RULES, base_types=("sip-trunking", "recording"))
        agent: list[Fact] = [*answered_call(AGENT, 60), sip_trunking(AGENT, start=60)]
        items: list[Fact] = [*CALL, sip_trunking(CUSTOMER), *agent]
        waiting = book(*items, rules=every_call_recorded)
        assert leg_in(waiting, CUSTOMER).missing == ("recording",)
        assert charge_in(waiting, AGENT).can_settle
        assert book(*items, recording(), rules=every_call_recorded).open_items == ()

    def test_an_empty_one_lets_no_silence_settle(self) -> None:
        nothing = replace(RULES, base_types=())
        assert not charge_in(book(*CALL, rules=nothing), CUSTOMER).can_settle
        assert not charge_in(book(*BUSY, rules=nothing), CUSTOMER).can_settle


class TestSource:
    """Whose word the cost is."""

    def source(self, *items: Fact) -> str:
        return charge_in(book(*items), CUSTOMER).source

    def test_of_an_estimate(self) -> None:
        assert self.source(*CALL) == self.source(*BUSY) == self.source(*CALL, amd(CUSTOMER)) == "fallback"

    def test_of_records(self) -> None:
        assert self.source(*CALL, sip_trunking(CUSTOMER), call_control(CUSTOMER)) == "detail_records_api"
        assert self.source(*CALL, sip_trunking(CUSTOMER, "0.0450")) == "detail_records_api"

    def test_of_call_cost(self) -> None:
        parts = [cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0.0060")]
        assert self.source(*CALL, call_cost(CUSTOMER, *parts)) == "call_cost_webhook"
        assert self.source(*CALL, call_cost(CUSTOMER, *parts), sip_trunking(CUSTOMER)) == "mixed"

    def test_of_silence_that_was_shown(self) -> None:
        windows = [closing(name) for name in RULES.base_types]
        assert self.source(*CALL, *windows) == "detail_records_api"


def test_whose_call_it_is() -> None:
    """`phone_number` is the account's, `contact` the other party."""
    outbound = charge_in(book(*CALL), CUSTOMER)
    assert (outbound.phone_number, outbound.contact) == (ACCOUNT_NUMBER, CUSTOMER_NUMBER)
    assert outbound.direction == "outbound"
    parties: dict[str, Any] = {"direction": "incoming", "from": CUSTOMER_NUMBER, "to": ACCOUNT_NUMBER}
    inbound = charge_in(book(hangup(CUSTOMER, **parties)), CUSTOMER)
    assert (inbound.phone_number, inbound.contact) == (ACCOUNT_NUMBER, CUSTOMER_NUMBER)
    assert inbound.direction == "inbound"
    silent = charge_in(book(sip_trunking(TWIN)), TWIN)
    assert (silent.phone_number, silent.contact) == (ACCOUNT_NUMBER, CUSTOMER_NUMBER)


class TestFeatures:
    """Feature expectations affect the status only."""

    @pytest.mark.parametrize("announcement", [machine_detected(CUSTOMER), recording_saved(CUSTOMER, "r")])
    def test_an_expected_feature_keeps_the_charge_open_at_the_same_cost(self, announcement: Fact) -> None:
        items = [*CALL, sip_trunking(CUSTOMER), call_control(CUSTOMER)]
        derived = book(*items, announcement)
        assert cost_in(derived, CUSTOMER) == cost_in(book(*items), CUSTOMER) == nanos("0.0210")
        assert not charge_in(derived, CUSTOMER).can_settle

    def test_an_unanswered_leg_waits_for_its_features_too(self) -> None:
        items = [*BUSY, sip_trunking(CUSTOMER, "0", 0), machine_detected(CUSTOMER)]
        assert leg_in(book(*items), CUSTOMER).missing == ("amd",)
        # A billed detection shows that somebody, or something, answered.
        assert leg_in(book(*items, amd(CUSTOMER)), CUSTOMER).missing == ("call-control", "sip-trunking")


class TestSilentLegs:
    """No webhook told of them: no base set, no estimate, settled with their first billed record."""

    def test_the_first_billed_record_settles(self) -> None:
        derived = book(sip_trunking(TWIN, "0.0062", 186))
        charge = charge_in(derived, TWIN)
        assert (charge.cost_nanos, charge.can_settle) == (nanos("0.0062"), True)
        assert leg_in(derived, TWIN).missing == ()
        assert leg_in(derived, TWIN).estimate_nanos is None
        assert open_in(derived, TWIN) is None

    def test_what_comes_later_is_added(self) -> None:
        zero, billed = sip_trunking(TWIN, "0", 0, name="zero twin"), sip_trunking(TWIN, "0.0062", 186)
        assert cost_in(book(zero, billed), TWIN) == cost_in(book(billed), TWIN) == nanos("0.0062")

    def test_with_a_zero_record_alone_it_counts_as_unanswered(self) -> None:
        derived = book(sip_trunking(TWIN, "0", 0))
        charge = charge_in(derived, TWIN)
        assert (charge.cost_nanos, charge.can_settle) == (0, True)
        assert leg_in(derived, TWIN).call_status == "no_answer"

    def test_once_a_webhook_tells_of_it_it_has_a_base_set(self) -> None:
        derived = book(sip_trunking(TWIN, "0.0062", 186), initiated(TWIN))
        assert leg_in(derived, TWIN).missing == ("call-control",)
        assert cost_in(derived, TWIN) == nanos("0.0062")


class TestUnansweredLegs:
    """They settle with a zero record or a closed window, never at hang-up."""

    def test_a_hang_up_settles_nothing(self) -> None:
        derived = book(*BUSY)
        assert charge_in(derived, CUSTOMER).currency == "USD"
        assert not charge_in(derived, CUSTOMER).can_settle
        assert leg_in(derived, CUSTOMER).missing == ("call-control", "sip-trunking")

    @pytest.mark.parametrize("zero", [sip_trunking(CUSTOMER, "0", 0), call_control(CUSTOMER, "0", 0)])
    def test_a_zero_record_settles(self, zero: Fact) -> None:
        derived = book(*BUSY, zero)
        charge = charge_in(derived, CUSTOMER)
        assert (charge.cost_nanos, charge.can_settle) == (0, True)
        assert derived.open_items == ()

    def test_a_zero_record_of_any_type_that_is_a_call_settles(self) -> None:
        fields = {
            "telnyx_leg_id": CUSTOMER.call_leg_id,
            "telnyx_session_id": CUSTOMER.call_session_id,
            "cost": "0",
            "billed_sec": 0,
            "started_at": "2026-11-21T10:00:00Z",
        }
        assert charge_in(book(*BUSY, row("webrtc", fields, "zero")), CUSTOMER).can_settle

    def test_a_credit_counts_although_it_is_less_than_nothing(self) -> None:
        assert cost_in(book(*BUSY, sip_trunking(CUSTOMER, "-0.0010", 0)), CUSTOMER) == -nanos("0.0010")

    def test_the_zero_record_of_another_leg_or_of_a_feature_does_not(self) -> None:
        others: list[Fact] = [sip_trunking(TWIN, "0", 0), amd(CUSTOMER, "0"), recording(cost="0", billed=0)]
        assert leg_in(book(*BUSY, *others), CUSTOMER).missing == ("call-control", "sip-trunking")

    def test_a_call_cost_of_0_does_not(self) -> None:
        told = call_cost(CUSTOMER, cost_part("sip-trunking", "0", 0), total_cost="0")
        assert not charge_in(book(*BUSY, told), CUSTOMER).can_settle

    def test_windows_that_close_the_base_set_settle(self) -> None:
        trunk, control = closing("sip-trunking", 0, 30), closing("call-control", 0, 30)
        assert leg_in(book(*BUSY, trunk), CUSTOMER).missing == ("call-control",)
        charge = charge_in(book(*BUSY, trunk, control), CUSTOMER)
        assert (charge.cost_nanos, charge.can_settle) == (0, True)

    def test_a_billed_record_after_all_makes_it_an_answered_leg(self) -> None:
        derived = book(*BUSY, sip_trunking(CUSTOMER, "0", 0), sip_trunking(CUSTOMER, name="billed"))
        assert leg_in(derived, CUSTOMER).missing == ("call-control",)
        # 30 s from start_time, now that it counts as answered: the estimate is the floor again, the record exceeds it.
        assert cost_in(derived, CUSTOMER) == nanos("0.0150")


class TestSettlingWithoutAHangUp:
    def test_the_billed_base_records_are_enough(self) -> None:
        derived = book(
            initiated(CUSTOMER), answered(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)
        )
        assert (cost_in(derived, CUSTOMER), derived.open_items) == (nanos("0.0210"), ())
        assert charge_in(derived, CUSTOMER).can_settle

    def test_closed_windows_settle_at_0_what_was_never_billed(self) -> None:
        # The leg ends 4 h after its last fact, and so late must the windows be.
        forgotten = 5 + 4 * 3600
        windows = [closing(name, 0, forgotten) for name in RULES.base_types]
        derived = book(initiated(CUSTOMER), answered(CUSTOMER), *windows)
        charge = charge_in(derived, CUSTOMER)
        assert (charge.cost_nanos, charge.can_settle) == (0, True)

    def test_an_ongoing_call_is_never_settled_by_silence(self) -> None:
        assert book(initiated(CUSTOMER), answered(CUSTOMER)).charges == ()
