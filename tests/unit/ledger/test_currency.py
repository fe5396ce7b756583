"""Rule l: a charge has one currency, and an estimate gives way to billed parts of another."""

from typing import Any

from services.ledger.charges import Derived
from tests.unit.ledger.books import Fact, book, charge_in, leg_in
from tests.unit.ledger.builders import (
    CUSTOMER,
    amd,
    answered_call,
    call_control,
    call_cost,
    cost_part,
    message_record,
    message_webhook,
    nanos,
    sip_trunking,
    uid,
)

CALL: list[Fact] = [*answered_call(CUSTOMER)]
EURO: dict[str, Any] = {"currency": "EUR"}


def costs(derived: Derived) -> dict[str, int]:
    """Nanos of the customer's leg by currency."""
    found = {charge.currency: charge.cost_nanos for charge in derived.charges}
    assert len(found) == len(derived.charges)
    return found


def test_all_in_one_currency_is_one_charge_in_it() -> None:
    derived = book(*CALL, sip_trunking(CUSTOMER, **EURO), call_control(CUSTOMER, **EURO))
    assert costs(derived) == {"EUR": nanos("0.0210")}
    assert charge_in(derived, CUSTOMER).can_settle


def test_each_currency_has_a_charge_of_its_own() -> None:
    derived = book(*CALL, sip_trunking(CUSTOMER), call_control(CUSTOMER, **EURO), amd(CUSTOMER, **EURO))
    assert costs(derived) == {"EUR": nanos("0.0080"), "USD": nanos("0.0150")}
    assert len({charge.key for charge in derived.charges}) == 2
    lines = {charge.currency: {part.currency for part in charge.parts} for charge in derived.charges}
    assert lines == {"EUR": {"EUR"}, "USD": {"USD"}}
    assert all(charge.can_settle for charge in derived.charges)


def test_the_first_billed_part_of_another_currency_ends_the_estimate() -> None:
    assert costs(book(*CALL)) == {"USD": nanos("0.045")}
    assert costs(book(*CALL, sip_trunking(CUSTOMER, **EURO))) == {"EUR": nanos("0.0150")}
    assert costs(book(*CALL, amd(CUSTOMER), sip_trunking(CUSTOMER, **EURO))) == {
        "EUR": nanos("0.0150"),
        "USD": nanos("0.0020"),
    }


def test_a_part_that_is_billed_without_time_ends_it_too() -> None:
    assert costs(book(*CALL, amd(CUSTOMER, **EURO))) == {"EUR": nanos("0.0020")}


def test_it_is_billed_parts_that_end_it_also_at_no_price_but_no_zero_twin() -> None:
    twin = sip_trunking(CUSTOMER, "0", 0, **EURO)
    assert costs(book(*CALL, twin)) == {"USD": nanos("0.045")}
    on_net = sip_trunking(CUSTOMER, "0", 186, **EURO)
    assert costs(book(*CALL, on_net)) == {"EUR": 0}


def test_a_line_at_no_price_is_shown_whatever_its_currency() -> None:
    twin = sip_trunking(CUSTOMER, "0", 0, name="zero twin", **EURO)
    derived = book(*CALL, twin, sip_trunking(CUSTOMER), call_control(CUSTOMER))
    assert costs(derived) == {"USD": nanos("0.0210")}
    assert {part.record_id for part in charge_in(derived, CUSTOMER).parts} == {
        record_id for _, record_id in derived.homes
    }


def test_amounts_that_cancel_out_keep_their_charge() -> None:
    credit = amd(CUSTOMER, "-0.0020", name="credit", **EURO)
    derived = book(*CALL, sip_trunking(CUSTOMER), call_control(CUSTOMER), amd(CUSTOMER, **EURO), credit)
    assert costs(derived) == {"EUR": 0, "USD": nanos("0.0210")}


def test_the_currency_that_a_leg_no_longer_has_keeps_its_name() -> None:
    """So that the book can say where the money of the estimate went."""
    derived = book(*CALL, sip_trunking(CUSTOMER, **EURO))
    assert derived.home_of("call", CUSTOMER.call_control_id, ()) == CUSTOMER.call_control_id


def test_a_whole_call_cost_is_a_floor_in_its_own_currency() -> None:
    told = call_cost(CUSTOMER, cost={"amount": "0.0190", "currency": "EUR"})
    assert costs(book(*CALL, told)) == {"EUR": nanos("0.0190")}
    assert costs(book(*CALL, told, sip_trunking(CUSTOMER))) == {"USD": nanos("0.0150")}
    assert costs(book(*CALL, told, sip_trunking(CUSTOMER, **EURO))) == {"EUR": nanos("0.0190")}


def test_call_cost_and_records_of_one_part_in_two_currencies_are_still_the_same_money() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "0.0150", currency="EUR"))
    derived = book(*CALL, told, sip_trunking(CUSTOMER), call_control(CUSTOMER))
    assert costs(derived) == {"USD": nanos("0.0210")}
    two = call_cost(CUSTOMER, *(cost_part("sip-trunking", "0.0150", currency="EUR") for _ in range(2)))
    derived = book(*CALL, two, sip_trunking(CUSTOMER, "0.0001"), call_control(CUSTOMER))
    assert costs(derived) == {"USD": nanos("0.0061")}


def test_of_two_currencies_that_do_not_compare_the_records_count_if_they_charge_anything() -> None:
    euros = call_cost(CUSTOMER, *(cost_part("sip-trunking", "0.0150", currency="EUR") for _ in range(3)))
    one, none = sip_trunking(CUSTOMER, "0.0001"), sip_trunking(CUSTOMER, "0", 60, name="free")
    control = call_control(CUSTOMER, "0")
    assert costs(book(*CALL, control, euros, one, none)) == {"USD": nanos("0.0001")}
    assert costs(book(*CALL, control, euros, none)) == {"EUR": nanos("0.0450")}


def test_parts_of_several_currencies_are_charged_apart() -> None:
    told = call_cost(
        CUSTOMER, cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0.0060", currency="EUR")
    )
    derived = book(*CALL, told)
    assert costs(derived) == {"EUR": nanos("0.0060"), "USD": nanos("0.0150")}
    assert leg_in(derived, CUSTOMER).unreadable == ()


def test_a_message_is_charged_in_the_currency_of_what_counts() -> None:
    message = uid("message")
    told, record = message_webhook(message, cost="0.0051"), message_record(message, "0.0047", **EURO)
    assert costs(book(told)) == {"USD": nanos("0.0051")}
    assert costs(book(told, record)) == {"EUR": nanos("0.0047")}
    assert book(told, record).home_of("sms", message, ()) == message
