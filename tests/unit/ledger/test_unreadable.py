"""Rule j: an amount that cannot be read is not 0: it blocks settling, also at the horizon, and is shown."""

from dataclasses import replace
from typing import Any

import pytest

from services.ledger.unreadable import blocks, record_sentences
from tests.unit.ledger.books import (
    BASE_TYPES,
    Fact,
    book,
    charge_in,
    closing,
    cost_in,
    leg_in,
    open_in,
)
from tests.unit.ledger.builders import (
    CUSTOMER,
    TWIN,
    amd,
    answered_call,
    call_control,
    call_cost,
    cost_part,
    nanos,
    recording,
    row,
    sip_trunking,
    unanswered_call,
)

CALL: list[Fact] = [*answered_call(CUSTOMER)]
HORIZON: list[Fact] = [closing(name) for name in (*BASE_TYPES, "amd", "recording")]
UNREADABLE_AMOUNTS: dict[str, Any] = {
    "endless": "1E+2000000",
    "not a number": "NaN",
    "infinite": "-Infinity",
    "wide digits": "\uff11\uff12",
    "underscore": "1_000",
    "ten decimals": "0.0000000001",
    "too large": "9999999999999",
    "hexadecimal": "0x10",
    "empty": "",
    "a word": "free",
    "true": True,
    "an object": {"value": "0.01"},
    "a list": ["0.01"],
}


def assert_blocked(*items: Fact) -> None:
    """Not exact, at the horizon neither, and a sentence says why."""
    for facts in (items, (*items, *HORIZON)):
        derived = book(*facts)
        [charge] = [charge for charge in derived.charges if charge.record_id == CUSTOMER.call_control_id]
        assert not charge.can_settle
        item = open_in(derived, CUSTOMER)
        assert item is not None
        assert item.unreadable == leg_in(derived, CUSTOMER).unreadable != ()


@pytest.mark.parametrize("amount", UNREADABLE_AMOUNTS.values(), ids=UNREADABLE_AMOUNTS.keys())
def test_a_record_whose_amount_cannot_be_read(amount: Any) -> None:
    assert_blocked(*CALL, sip_trunking(CUSTOMER, amount), call_control(CUSTOMER))


def test_a_record_without_its_types_amount_field() -> None:
    assert_blocked(*CALL, sip_trunking(CUSTOMER, None), call_control(CUSTOMER))


def test_a_currency_that_is_none() -> None:
    assert_blocked(*CALL, sip_trunking(CUSTOMER, currency="dollars"), call_control(CUSTOMER))


def test_an_unreadable_record_beside_readable_ones_of_its_type() -> None:
    broken = sip_trunking(CUSTOMER, "broken", name="broken")
    assert_blocked(*CALL, sip_trunking(CUSTOMER), broken, call_control(CUSTOMER))


@pytest.mark.parametrize("broken", [amd(CUSTOMER, "broken"), recording(cost="broken")])
def test_an_unreadable_feature(broken: Fact) -> None:
    assert_blocked(*CALL, sip_trunking(CUSTOMER), call_control(CUSTOMER), broken)


def test_an_unreadable_zero_twin() -> None:
    assert_blocked(*unanswered_call(CUSTOMER), sip_trunking(CUSTOMER, "broken", 0))


def test_the_sentence_names_the_record_and_the_fault() -> None:
    broken = sip_trunking(CUSTOMER, "free")
    [sentence] = leg_in(book(*CALL, broken), CUSTOMER).unreadable
    assert sentence.startswith(f"sip-trunking record {broken.record_id}: cost: ")


def test_it_is_a_line_of_0_in_the_accounts_currency() -> None:
    charge = charge_in(book(sip_trunking(TWIN, "broken")), TWIN)
    [line] = charge.parts
    assert (charge.currency, charge.cost_nanos) == (line.currency, line.cost_nanos) == ("USD", 0)


def test_a_record_that_has_no_amount_and_no_fault_says_so() -> None:
    silent = replace(sip_trunking(CUSTOMER), cost=None)
    assert record_sentences(silent) == [f"sip-trunking record {silent.record_id}: it has no amount"]


def test_a_later_readable_observation_ends_it() -> None:
    broken, corrected = sip_trunking(CUSTOMER, "broken"), sip_trunking(CUSTOMER, seen=7200)
    derived = book(*CALL, broken, corrected, call_control(CUSTOMER))
    assert (cost_in(derived, CUSTOMER), derived.open_items) == (nanos("0.0210"), ())


def test_a_record_without_an_id_can_never_be_exact() -> None:
    """Read again it may look otherwise, and nobody could tell that it is the same."""
    assert_blocked(*CALL, sip_trunking(CUSTOMER, id=None), call_control(CUSTOMER))


def test_a_silent_leg_is_blocked_too() -> None:
    assert not charge_in(book(sip_trunking(TWIN, "broken")), TWIN).can_settle


def test_a_record_of_no_call_is_blocked_too() -> None:
    broken = row("verify", {"cost": "0.05", "created_at": "2026-11-21T10:00:05Z"}, "no verify_usage_fee")
    charge = charge_in(book(broken), f"verify:{broken.record_id}", "other")
    assert (charge.cost_nanos, charge.can_settle) == (0, False)


def test_a_record_of_a_type_that_nobody_knows_has_an_amount_too() -> None:
    assert blocks(replace(sip_trunking(CUSTOMER, None), record_type="a-new-type"))
    assert not blocks(replace(sip_trunking(CUSTOMER), record_type="a-new-type"))


class TestCallCost:
    def test_a_part_that_cannot_be_read(self) -> None:
        told = call_cost(CUSTOMER, cost_part("sip-trunking", "broken"), cost_part("call-control", "0.0060"))
        assert_blocked(*CALL, told)
        assert_blocked(*unanswered_call(CUSTOMER), told, sip_trunking(CUSTOMER, "0", 0))

    def test_a_part_without_an_amount(self) -> None:
        assert_blocked(*CALL, call_cost(CUSTOMER, {"call_part": "sip-trunking", "billed_duration_secs": 180}))

    @pytest.mark.parametrize(
        "flat", [{"total_cost": "broken"}, {"cost": {"amount": "NaN"}}, {"amount": "1_0"}]
    )
    def test_a_total_that_cannot_be_read(self, flat: dict[str, Any]) -> None:
        assert_blocked(*CALL, call_cost(CUSTOMER, cost_parts=None, **flat))
        assert_blocked(
            *unanswered_call(CUSTOMER), call_cost(CUSTOMER, **flat), sip_trunking(CUSTOMER, "0", 0)
        )

    def test_each_fault_is_told_once(self) -> None:
        derived = book(*CALL, call_cost(CUSTOMER, total_cost="broken"))
        assert leg_in(derived, CUSTOMER).unreadable == (
            "call.cost: total_cost: not a decimal number: 'broken'",
        )

    def test_the_billed_records_it_told_of_take_its_place(self) -> None:
        for told in (
            call_cost(CUSTOMER, cost_part("sip-trunking", "broken"), cost_part("call-control", "0.0060")),
            call_cost(CUSTOMER, total_cost="broken"),
        ):
            derived = book(*CALL, told, sip_trunking(CUSTOMER), call_control(CUSTOMER))
            assert (cost_in(derived, CUSTOMER), derived.open_items) == (nanos("0.0210"), ())

    def test_half_of_them_do_not_also_when_the_rest_is_closed(self) -> None:
        assert_blocked(*CALL, call_cost(CUSTOMER, total_cost="broken"), sip_trunking(CUSTOMER))

    def test_a_readable_one_before_it_still_counts_but_settles_nothing(self) -> None:
        good = call_cost(CUSTOMER, cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0.0060"))
        broken = call_cost(CUSTOMER, total_cost="broken", when=400)
        assert charge_in(book(*CALL, good), CUSTOMER).can_settle
        assert cost_in(book(*CALL, good, broken), CUSTOMER) == nanos("0.0210")
        assert not charge_in(book(*CALL, good, broken), CUSTOMER).can_settle

    def test_a_readable_one_after_it_takes_its_place(self) -> None:
        good = call_cost(
            CUSTOMER, cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0.0060"), when=400
        )
        broken = call_cost(CUSTOMER, total_cost="broken", when=170)
        assert charge_in(book(*CALL, good, broken), CUSTOMER).can_settle

    def test_another_field_that_cannot_be_read_is_no_amount(self) -> None:
        told = call_cost(CUSTOMER, cost_parts=None, direction="sideways", start_time="yesterday")
        assert len(told.unreadable) == 2
        assert leg_in(book(*CALL, told), CUSTOMER).unreadable == ()

    def test_an_error_without_amounts_is_no_unreadable_amount(self) -> None:
        told = call_cost(CUSTOMER, total_cost="broken", status="error")
        assert leg_in(book(*CALL, told), CUSTOMER).unreadable == ()
