"""Rule k: what a message costs, in every branch."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from services.ledger.charges import Charge, OpenItem
from services.ledger.closing import Span
from tests.unit.ledger.books import (
    Fact,
    book,
    charge_in,
    closing,
    leg_in,
    open_in,
    orders,
    usage,
    window,
)
from tests.unit.ledger.builders import (
    CUSTOMER,
    DAY,
    HOUR,
    START,
    answered_call,
    at,
    message_record,
    message_webhook,
    nanos,
    uid,
)

MESSAGE = uid("message")
SENT = message_webhook(MESSAGE, "message.sent", when=0)
FEE: dict[str, Any] = {"carrier_fee": "0.00305"}
BREAKDOWN = {"carrier_fee": {"amount": "0.00305"}, "rate": {"amount": "0.00205"}}


def message(*items: Fact) -> Charge:
    return charge_in(book(*items), MESSAGE, "sms")


class TestRecord:
    """If a record exists: its cost, unless cost + carrier_fee equals the webhook's total."""

    def test_its_cost_is_the_total(self) -> None:
        charge = message(message_record(MESSAGE, "0.0051", **FEE))
        assert (charge.cost_nanos, charge.source) == (nanos("0.0051"), "detail_records_api")
        assert charge.can_settle
        assert charge.details["carrierFee"] == Decimal("0.00305")

    def test_it_goes_before_a_webhook_that_differs(self) -> None:
        told = message_webhook(MESSAGE, cost="0.0080")
        for order in orders(SENT, told, message_record(MESSAGE, "0.0051", **FEE)):
            charge = message(*order)
            assert (charge.cost_nanos, charge.source) == (nanos("0.0051"), "detail_records_api")
            assert charge.details["webhookCost"] == Decimal("0.008")
            assert charge.details["recordCost"] == Decimal("0.0051")

    def test_where_both_say_the_same_there_is_nothing_to_show(self) -> None:
        charge = message(message_webhook(MESSAGE, cost="0.0051"), message_record(MESSAGE, "0.0051"))
        assert charge.details == {}

    def test_unless_cost_and_fee_are_what_the_webhook_said(self) -> None:
        told = message_webhook(MESSAGE, cost="0.0051", cost_breakdown=BREAKDOWN)
        charge = message(told, message_record(MESSAGE, "0.00205", rate="0.00205", **FEE))
        assert charge.cost_nanos == nanos("0.0051")
        [line] = charge.parts
        assert (line.record_id, line.cost_nanos, line.source) == (
            MESSAGE,
            nanos("0.0051"),
            "detail_records_api",
        )
        assert (line.record_type, line.currency, line.rate) == ("messaging", "USD", "0.00205")

    def test_a_nano_beside_it_is_not_equal(self) -> None:
        told = message_webhook(MESSAGE, cost="0.005100001")
        assert message(told, message_record(MESSAGE, "0.00205", **FEE)).cost_nanos == nanos("0.00205")

    def test_the_fee_of_another_currency_is_not_added(self) -> None:
        told = message_webhook(MESSAGE, cost={"amount": "0.0051", "currency": "EUR"})
        charge = message(told, message_record(MESSAGE, "0.00205", **FEE))
        assert (charge.currency, charge.cost_nanos) == ("USD", nanos("0.00205"))
        odd = message_record(MESSAGE, "0.00205", carrier_fee={"amount": "0.00305", "currency": "EUR"})
        assert message(message_webhook(MESSAGE, cost="0.0051"), odd).cost_nanos == nanos("0.00205")

    def test_without_a_fee_its_cost_counts(self) -> None:
        told = message_webhook(MESSAGE, cost="0.0051")
        assert message(told, message_record(MESSAGE, "0.0040")).cost_nanos == nanos("0.0040")

    def test_the_total_is_that_of_the_latest_webhook(self) -> None:
        early = message_webhook(MESSAGE, cost="0.0051", when=3)
        late = message_webhook(MESSAGE, cost="0.0070", when=4)
        record = message_record(MESSAGE, "0.00205", **FEE)
        for order in orders(early, late):
            assert message(*order, record).cost_nanos == nanos("0.00205")

    def test_what_is_not_billable_costs_nothing(self) -> None:
        told = message_webhook(MESSAGE, cost="0.0051")
        free = message_record(MESSAGE, "0.00205", is_telnyx_billable=False, **FEE)
        charge = message(told, free)
        assert (charge.currency, charge.cost_nanos, charge.can_settle) == ("USD", 0, True)
        assert [part.cost_nanos for part in charge.parts] == [0]

    def test_an_unreadable_one_blocks_and_keeps_what_the_webhook_said(self) -> None:
        for record in (message_record(MESSAGE, "broken"), message_record(MESSAGE, None)):
            derived = book(message_webhook(MESSAGE, cost="0.0051"), record, closing("messaging", 0, 3))
            charge = charge_in(derived, MESSAGE, "sms")
            assert (charge.cost_nanos, charge.can_settle) == (nanos("0.0051"), False)
            item = open_in(derived, MESSAGE)
            assert item is not None
            assert item.unreadable
            assert item.missing == item.unclosed == ()

    def test_an_unreadable_one_alone_waits_from_its_own_time(self) -> None:
        derived = book(message_record(MESSAGE, "broken", start=60))
        charge, item = charge_in(derived, MESSAGE, "sms"), open_in(derived, MESSAGE)
        assert item is not None
        assert (item.open_at, item.missing) == (at(60), ())
        assert (charge.currency, charge.cost_nanos) == ("USD", 0)
        assert [line.currency for line in charge.parts] == ["USD"]

    def test_corrections_of_a_priced_message_are_taken(self) -> None:
        first, later = message_record(MESSAGE, "0.0051"), message_record(MESSAGE, "0.0061", seen=9000)
        assert message(later, first).cost_nanos == nanos("0.0061")


class TestWebhookAlone:
    """Otherwise the latest webhook that has a cost."""

    def test_it_is_exact(self) -> None:
        derived = book(SENT, message_webhook(MESSAGE, cost="0.0051", cost_breakdown=BREAKDOWN))
        charge = charge_in(derived, MESSAGE, "sms")
        assert (charge.cost_nanos, charge.source) == (nanos("0.0051"), "webhook")
        assert charge.can_settle
        [line] = charge.parts
        assert (line.record_id, line.cost_nanos, line.source) == ("", nanos("0.0051"), "webhook")
        assert (line.record_type, line.currency, line.rate) == ("messaging", "USD", "")
        assert derived.open_items == ()

    def test_the_latest_counts_whatever_came_last(self) -> None:
        early = message_webhook(MESSAGE, cost="0.0051", when=3)
        late = message_webhook(MESSAGE, cost="0.0070", when=4)
        unpriced = message_webhook(MESSAGE, cost=None, when=5)
        for order in orders(SENT, early, late, unpriced):
            assert message(*order).cost_nanos == nanos("0.0070")

    def test_a_cost_of_0_is_a_cost(self) -> None:
        charge = message(message_webhook(MESSAGE, cost="0"))
        assert (charge.cost_nanos, charge.can_settle) == (0, True)

    def test_without_any_cost_it_waits(self) -> None:
        derived = book(SENT, message_webhook(MESSAGE, cost=None))
        charge = charge_in(derived, MESSAGE, "sms")
        assert (charge.cost_nanos, charge.can_settle, charge.source) == (0, False, "webhook")
        assert (charge.currency, charge.parts) == ("USD", ())
        assert open_in(derived, MESSAGE) == OpenItem(
            kind="sms",
            record_id=MESSAGE,
            session_id="",
            call_control_id="",
            leg_id="",
            span=Span(start_at=at(0), end_at=at(3)),
            open_at=at(1),
            can_settle=False,
            missing=("messaging",),
            unclosed=("messaging",),
            unreadable=(),
        )

    def test_an_unreadable_cost_blocks_also_at_the_horizon(self) -> None:
        broken = message_webhook(MESSAGE, cost={"amount": "broken", "currency": "USD"})
        for items in ([broken], [broken, closing("messaging", 0, 3)]):
            item = open_in(book(SENT, *items), MESSAGE)
            assert item is not None
            assert item.unreadable
            assert not item.can_settle

    def test_an_unreadable_cost_after_a_readable_one_blocks_too(self) -> None:
        good = message_webhook(MESSAGE, cost="0.0051", when=3)
        broken = message_webhook(MESSAGE, cost={"amount": "broken"}, when=4)
        assert (message(good, broken).cost_nanos, message(good, broken).can_settle) == (
            nanos("0.0051"),
            False,
        )
        newer = message_webhook(MESSAGE, cost="0.0061", when=5)
        assert message(good, broken, newer).can_settle

    def test_an_unreadable_breakdown_does_not(self) -> None:
        told = message_webhook(MESSAGE, cost="0.0051", cost_breakdown={"carrier_fee": {"amount": "broken"}})
        assert message(told).can_settle


class TestClosing:
    """A message that Telnyx never priced and has no record of cost nothing, once that is shown."""

    def test_a_closing_sweep_settles_it_at_0(self) -> None:
        derived = book(SENT, message_webhook(MESSAGE), closing("messaging", 0, 3))
        charge = charge_in(derived, MESSAGE, "sms")
        assert derived.open_items == ()
        assert (charge.cost_nanos, charge.can_settle) == (0, True)
        assert charge.source == "detail_records_api"

    def test_one_that_proves_nothing_does_not(self) -> None:
        empty = window("messaging", -HOUR, 3 + HOUR, 3 + DAY, rows=0, is_proven=False)
        assert not message(SENT, message_webhook(MESSAGE), empty).can_settle
        proof = usage("messaging", START.date(), 3 + DAY)
        assert message(SENT, message_webhook(MESSAGE), empty, proof).can_settle


class TestParties:
    def test_outbound(self) -> None:
        charge = message(SENT)
        assert (charge.direction, charge.phone_number, charge.contact) == (
            "outbound",
            "+12025550123",
            "+12025550131",
        )

    def test_inbound(self) -> None:
        parties: dict[str, Any] = {
            "from": {"phone_number": "+12025550131"},
            "to": [{"phone_number": "+12025550123", "status": "webhook_delivered"}],
        }
        received = message_webhook(MESSAGE, "message.received", direction="inbound", **parties)
        charge = message(received)
        assert (charge.direction, charge.phone_number, charge.contact) == (
            "inbound",
            "+12025550123",
            "+12025550131",
        )

    def test_of_a_record_alone(self) -> None:
        charge = message(message_record(MESSAGE, direction="inbound", cli="+12025550131", cld="+12025550123"))
        assert (charge.phone_number, charge.contact) == ("+12025550123", "+12025550131")
        unsaid = message(message_record(MESSAGE, direction=None))
        assert (unsaid.direction, unsaid.contact) == ("outbound", "+12025550131")

    def test_that_nobody_told(self) -> None:
        parties: dict[str, Any] = {"direction": None, "from": None, "to": None}
        charge = message(message_webhook(MESSAGE, cost="0.0051", **parties))
        assert (charge.direction, charge.phone_number, charge.contact) == ("outbound", "", "")


def test_each_message_is_its_own_charge_and_no_call() -> None:
    """Its record id may be that of a leg: they never meet."""
    decoy = message_record(CUSTOMER.call_leg_id, "0.0999", name="decoy")
    derived = book(*answered_call(CUSTOMER), decoy, message_record(MESSAGE))
    assert derived.homes == {
        ("messaging", MESSAGE): ("sms", MESSAGE),
        ("messaging", CUSTOMER.call_leg_id): ("sms", CUSTOMER.call_leg_id),
    }
    assert leg_in(derived, CUSTOMER).charges[0].parts == ()


def test_its_day_is_that_of_the_record_else_of_the_first_webhook() -> None:
    late_webhook = message_webhook(MESSAGE, cost="0.0051", when=50)
    assert message(late_webhook, SENT).billing_at == START
    recorded = message(late_webhook, SENT, message_record(MESSAGE, start=-2 * DAY))
    assert recorded.billing_at == at(-2 * DAY)
    assert message(SENT, message_record(MESSAGE, start=2 * DAY)).billing_at == at(2 * DAY)
    assert message(SENT, message_record(MESSAGE, created_at=None)).billing_at == START
    assert recorded.duration_s == 0


@pytest.mark.parametrize("cost", ["0.0051", None])
def test_repetition_changes_nothing(cost: str | None) -> None:
    items: list[Fact] = [SENT, message_webhook(MESSAGE, cost=cost), message_record(MESSAGE)]
    received_again = [
        replace(item, received_at=at(900)) for item in (SENT, message_webhook(MESSAGE, cost=cost))
    ]
    assert book(*items, *received_again, *items) == book(*items)
