"""A signed but stale webhook is kept aside until a record confirms what it says (design, section 2)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.unit.ledger.books import Fact, book, cost_in, leg_in, open_in, orders
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    OTHER_SESSION,
    amd,
    answered,
    at,
    call_control,
    hangup,
    initiated,
    leg,
    message_record,
    message_webhook,
    nanos,
    recording,
    sip_trunking,
    uid,
)

STALE = [
    initiated(CUSTOMER, quarantined=True),
    answered(CUSTOMER, 5, quarantined=True),
    hangup(CUSTOMER, 168, quarantined=True),
]
MESSAGE = uid("message")


def test_it_has_no_effect() -> None:
    derived = book(*STALE, message_webhook(MESSAGE, cost="0.0051", quarantined=True))
    assert (derived.legs, derived.charges, derived.open_items, derived.first_rates) == ((), (), (), ())


@pytest.mark.parametrize("record", [sip_trunking(CUSTOMER), call_control(CUSTOMER), amd(CUSTOMER)])
def test_a_record_of_its_leg_confirms_it(record: Fact) -> None:
    for order in orders(*STALE, record):
        derived = book(*order)
        assert leg_in(derived, CUSTOMER).answered_at is not None
        assert cost_in(derived, CUSTOMER) == nanos("0.045")


@pytest.mark.parametrize("record_of", [sip_trunking, call_control], ids=["call_control_id", "leg id"])
def test_its_leg_alone_is_enough(record_of: Callable[..., DetailRecord]) -> None:
    sessionless = record_of(CUSTOMER, telnyx_session_id=None)
    assert leg_in(book(*STALE, sessionless), CUSTOMER).answered_at is not None


def test_of_several_deliveries_the_first_receipt_counts() -> None:
    """However often Telnyx repeats an event: attempts count from when it was first here."""
    late = [replace(hangup(CUSTOMER), received_at=at(170 + n), raw=b"attempt %d" % n) for n in range(50)]
    for order in (late, late[::-1]):
        item = open_in(book(*order), CUSTOMER)
        assert item is not None
        assert item.open_at == at(170)


def test_a_record_of_its_session_confirms_it() -> None:
    assert cost_in(book(*STALE, recording()), CUSTOMER) == nanos("0.045")


@pytest.mark.parametrize(
    "record",
    [
        recording(OTHER_SESSION),
        sip_trunking(leg("stranger", OTHER_SESSION)),
        message_record(CUSTOMER.call_leg_id),
        message_record(CUSTOMER.call_session_id),
        recording(OTHER_SESSION, id=CUSTOMER.call_leg_id),
    ],
)
def test_any_other_record_does_not(record: Fact) -> None:
    derived = book(*STALE, record)
    assert CUSTOMER.call_control_id not in {found.call_id for found in derived.legs}


def test_a_message_is_confirmed_by_its_own_record() -> None:
    stale = message_webhook(MESSAGE, cost="0.0051", quarantined=True)
    record = message_record(MESSAGE, "0.00205", carrier_fee="0.00305")
    assert cost_in(book(stale, record), MESSAGE, "sms") == nanos("0.0051")
    another = uid("another")
    assert [charge.record_id for charge in book(stale, message_record(another)).charges] == [another]


def test_a_message_is_confirmed_by_no_other_record_of_its_id() -> None:
    stale = message_webhook(MESSAGE, cost="0.0051", quarantined=True)
    assert [charge.kind for charge in book(stale, recording(OTHER_SESSION, id=MESSAGE)).charges] == ["other"]


def test_what_both_do_not_name_confirms_nothing() -> None:
    sessionless = hangup(CUSTOMER, 168, quarantined=True, call_session_id=None)
    derived = book(
        sessionless, recording(telnyx_session_id=None), sip_trunking(AGENT, telnyx_session_id=None)
    )
    assert [found.call_id for found in derived.legs] == [AGENT.call_control_id]


def test_other_events_do_not_confirm_it() -> None:
    derived = book(initiated(CUSTOMER), *STALE[1:], initiated(AGENT))
    assert leg_in(derived, CUSTOMER).charges == ()


def test_a_fresh_delivery_of_the_same_event_goes_before_the_stale_one() -> None:
    fresh = hangup(CUSTOMER, 168)
    for order in orders(initiated(CUSTOMER), fresh, STALE[2]):
        assert cost_in(book(*order), CUSTOMER) == nanos("0.045")
