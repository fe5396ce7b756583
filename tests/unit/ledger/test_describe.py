"""The words and metadata of a charge (design, section 2)."""

from decimal import Decimal

from services.ledger.describe import describe, metadata
from tests.unit.ledger.books import Fact, book, charge_in
from tests.unit.ledger.builders import (
    CUSTOMER,
    DECOY_UUID,
    amd,
    answered_call,
    at,
    call_control,
    call_cost,
    hangup,
    initiated,
    message_record,
    message_webhook,
    row,
    sip_trunking,
    uid,
)

MINUTE: list[Fact] = [initiated(CUSTOMER, 0), *answered_call(CUSTOMER)[1:2], hangup(CUSTOMER, 65)]


def test_an_estimate() -> None:
    charge = charge_in(book(*MINUTE), CUSTOMER)
    assert describe(charge, is_exact=False) == "Call to +12025550131 (60s) [estimated @ 0.015/min]"
    assert metadata(charge, is_exact=False) == {
        "estimated": True,
        "ratePerMin": Decimal("0.015"),
        "source": "fallback",
    }


def test_an_estimate_that_a_whole_call_cost_has_replaced() -> None:
    charge = charge_in(book(*MINUTE, call_cost(CUSTOMER, total_cost="0.01")), CUSTOMER)
    assert metadata(charge, is_exact=False)["source"] == "call_cost_webhook"


def test_an_exact_call() -> None:
    records = [
        sip_trunking(CUSTOMER, "0.0050", 60, call_sec=58, seen=300),
        call_control(CUSTOMER, "0.0020", 66, call_sec=60),
    ]
    charge = charge_in(book(*MINUTE, *records), CUSTOMER)
    assert describe(charge, is_exact=True) == "Call to +12025550131 (60s)"
    found = metadata(charge, is_exact=True)
    parts = found.pop("parts")
    assert found == {
        "source": "detail_records_api",
        "rate": Decimal("0.007"),
        "billedSeconds": 60,
        "callSeconds": 58,
        "fetchedAt": "2026-11-21T10:05:00Z",
    }
    assert isinstance(parts, list)
    assert [(part["recordType"], part["cost"], part["billedSeconds"]) for part in parts] == [
        ("call-control", Decimal("0.002"), 66),
        ("sip-trunking", Decimal("0.005"), 60),
    ]


def test_the_billed_seconds_are_the_sip_trunking_records_else_the_largest() -> None:
    trunkless = book(call_control(CUSTOMER, "0.0060", 180), row_of_tts())
    assert charge_in(trunkless, CUSTOMER.call_leg_id).details["billedSeconds"] == 180
    zero_twin = book(*MINUTE, sip_trunking(CUSTOMER, "0", 0), call_control(CUSTOMER, "0.0020", 66))
    assert charge_in(zero_twin, CUSTOMER).details["billedSeconds"] == 66


def test_of_several_sip_trunking_records_the_longest_says_how_long() -> None:
    trunks = [sip_trunking(CUSTOMER, billed=billed, name=str(billed)) for billed in (60, 180, 120)]
    assert charge_in(book(*trunks), CUSTOMER).details["billedSeconds"] == 180


def test_what_has_no_time_has_no_seconds() -> None:
    details = charge_in(book(amd(CUSTOMER)), CUSTOMER.call_leg_id).details
    assert (details["billedSeconds"], details["callSeconds"]) == (None, None)


def test_without_billed_time_there_is_no_rate() -> None:
    unanswered: list[Fact] = [
        initiated(CUSTOMER),
        hangup(CUSTOMER, 30, cause="user_busy"),
        sip_trunking(CUSTOMER, "0", 0),
    ]
    found = metadata(charge_in(book(*unanswered), CUSTOMER), is_exact=True)
    assert (found["rate"], found["billedSeconds"], found["callSeconds"]) == (None, 0, 0)


def test_a_rate_that_does_not_come_out_even_is_rounded_to_the_nano() -> None:
    charge = charge_in(book(sip_trunking(CUSTOMER, "0.0100", 180)), CUSTOMER)
    assert metadata(charge, is_exact=True)["rate"] == Decimal("0.003333333")


def test_messages_and_other_records() -> None:
    message = uid("message")
    unpriced = charge_in(book(message_webhook(message)), message, "sms")
    assert describe(unpriced, is_exact=False) == "SMS to +12025550131"
    assert metadata(unpriced, is_exact=False) == {"source": "webhook", "estimated": True}
    priced = charge_in(book(message_record(message, carrier_fee="0.003")), message, "sms")
    assert metadata(priced, is_exact=True) == {"source": "detail_records_api", "carrierFee": Decimal("0.003")}
    verify = row("verify", {"verify_usage_fee": "0.05", "created_at": "2026-11-21T10:00:05Z"}, "verify")
    charge = charge_in(book(verify), f"verify:{verify.record_id}", "other")
    assert (describe(charge, is_exact=True), charge.billing_at) == ("verify", at(5))


def row_of_tts() -> Fact:
    fields = {
        "call_leg_id": CUSTOMER.call_leg_id,
        "call_session_id": CUSTOMER.call_session_id,
        "telnyx_leg_id": DECOY_UUID,
        "cost": "1.666E-4",
        "number_of_characters": 238,
        "provider": "elevenlabs",
        "created_at": "2026-11-21T10:00:05Z",
    }
    return row("tts", fields, "tts")
