"""Rule e: a part is its records, or what `call.cost` named, and never both."""

from itertools import product
from typing import Any

import pytest

from services.ledger.parts import Part
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.unit.ledger.books import Fact, book, charge_in, closing, cost_in, open_in, orders, total
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    LegIds,
    answered_call,
    call_control,
    call_cost,
    cost_part,
    nanos,
    recording,
    recording_saved,
    sip_trunking,
)

CALL: list[Fact] = [*answered_call(CUSTOMER), call_control(CUSTOMER, "0")]


def trunk_parts(*costs: str, billed: int = 180) -> WebhookEvent:
    return call_cost(CUSTOMER, *(cost_part("sip-trunking", cost, billed) for cost in costs))


def trunks(*costs: str, billed: int = 180) -> list[DetailRecord]:
    return [sip_trunking(CUSTOMER, cost, billed, name=f"trunk {n}") for n, cost in enumerate(costs)]


@pytest.mark.parametrize(
    ("named", "recorded", "expected"),
    [
        (["0.0150"], [], "0.0150"),
        # As many billed records as parts: the records, be they less or more.
        (["0.0150"], ["0.0100"], "0.0100"),
        (["0.0150"], ["0.0200"], "0.0200"),
        (["0.0150", "0.0050"], ["0.0040", "0.0050"], "0.0090"),
        (["0.0150"], ["0.0010", "0.0020"], "0.0030"),
        # Fewer: the larger of the two sums, and never their total.
        (["0.0150", "0.0050"], ["0.0150"], "0.0200"),
        (["0.0150", "0.0050"], ["0.0350"], "0.0350"),
        # A part that costs nothing asks for no record of its own, but one record must be there.
        (["0", "0.0150"], ["0.0100"], "0.0100"),
        (["0"], [], "0"),
        (["0"], ["0.0100"], "0.0100"),
    ],
)
def test_records_count_once_they_are_as_many_as_the_nonzero_parts(
    named: list[str], recorded: list[str], expected: str
) -> None:
    for order in orders(trunk_parts(*named), *trunks(*recorded)):
        assert cost_in(book(*CALL, *order), CUSTOMER) == nanos(expected)


def test_zero_twins_take_no_ones_place() -> None:
    zeros = trunks("0", "0", billed=0)
    derived = book(*CALL, trunk_parts("0.0150"), *zeros)
    assert cost_in(derived, CUSTOMER) == nanos("0.0150")
    assert {part.source for part in charge_in(derived, CUSTOMER).parts} == {
        "call_cost_webhook",
        "detail_records_api",
    }


def test_after_a_closing_sweep_the_records_alone_count() -> None:
    told = trunk_parts("0.0150", "0.0050")
    closed = closing("sip-trunking")
    assert cost_in(book(*CALL, told, *trunks("0.0100"), closed), CUSTOMER) == nanos("0.0100")
    assert cost_in(book(*CALL, told, closed), CUSTOMER) == 0


def test_until_then_a_sweep_is_asked_for() -> None:
    waiting = open_in(book(*CALL, trunk_parts("0.0150", "0.0050"), *trunks("0.0100")), CUSTOMER)
    assert waiting is not None
    assert (waiting.can_settle, waiting.missing, waiting.unclosed) == (True, (), ("sip-trunking",))
    assert open_in(book(*CALL, trunk_parts("0.0150"), *trunks("0.0100")), CUSTOMER) is None


def test_records_that_are_not_billable_take_the_place_of_parts_too() -> None:
    free = sip_trunking(CUSTOMER, is_telnyx_billable=False)
    assert cost_in(book(*CALL, trunk_parts("0.0150"), free), CUSTOMER) == 0


def test_of_two_sums_that_are_equal_the_records_are_shown() -> None:
    derived = book(*CALL, trunk_parts("0.0100", "0.0050"), *trunks("0.0150"))
    assert {part.source for part in charge_in(derived, CUSTOMER).parts} == {"detail_records_api"}


def test_a_record_that_cannot_be_read_outweighs_nothing() -> None:
    derived = book(*CALL, trunk_parts("0.0100", "0.0050"), sip_trunking(CUSTOMER, "broken"))
    assert cost_in(derived, CUSTOMER) == nanos("0.0150")


def test_a_part_that_cannot_be_read_is_a_line_that_adds_nothing() -> None:
    derived = book(*CALL, trunk_parts("broken", "0.0500"))
    charge = charge_in(derived, CUSTOMER)
    assert charge.cost_nanos == nanos("0.0500")
    lines = [(p.currency, p.cost_nanos) for p in charge.parts if p.record_type == "sip-trunking"]
    assert sorted(lines) == [("USD", 0), ("USD", nanos("0.0500"))]


def test_a_line_tells_what_telnyx_told_of_it() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "0.0150", 120))
    record = call_control(CUSTOMER)
    by_type = {
        part.record_type: part
        for part in charge_in(book(*answered_call(CUSTOMER), told, record), CUSTOMER).parts
    }
    assert by_type["sip-trunking"] == Part(
        record_type="sip-trunking",
        record_id="",
        currency="USD",
        cost_nanos=nanos("0.0150"),
        rate="0.005",
        billed_seconds=120,
        call_seconds=None,
        source="call_cost_webhook",
    )
    assert by_type["call-control"] == Part(
        record_type="call-control",
        record_id=record.record_id,
        currency="USD",
        cost_nanos=nanos("0.0060"),
        rate="0.002",
        billed_seconds=180,
        call_seconds=163,
        source="detail_records_api",
    )


def test_each_part_is_decided_by_itself() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0.0060"))
    derived = book(*answered_call(CUSTOMER), told, sip_trunking(CUSTOMER, "0.0140"))
    assert cost_in(derived, CUSTOMER) == nanos("0.0140") + nanos("0.0060")
    charge = charge_in(derived, CUSTOMER)
    assert charge.source == "mixed"
    assert charge.can_settle
    assert {(part.record_type, part.source) for part in charge.parts} == {
        ("sip-trunking", "detail_records_api"),
        ("call-control", "call_cost_webhook"),
    }


def test_each_leg_has_parts_of_its_own() -> None:
    """The records of one leg never stand in for what `call.cost` named on another."""
    told = call_cost(AGENT, cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0.0060"))
    derived = book(
        *answered_call(CUSTOMER),
        *trunks("0.0150", "0.0150"),
        call_control(CUSTOMER),
        *answered_call(AGENT, 60),
        told,
    )
    assert cost_in(derived, CUSTOMER) == nanos("0.0360")
    assert cost_in(derived, AGENT) == nanos("0.0210")


def test_a_part_of_a_type_that_nobody_knows_is_a_part_of_its_own() -> None:
    told = call_cost(
        CUSTOMER,
        cost_part("sip-trunking", "0.0150"),
        cost_part("call-control", "0.0060"),
        cost_part("call-something-new", "0.0010"),
    )
    derived = book(*answered_call(CUSTOMER), told, sip_trunking(CUSTOMER), call_control(CUSTOMER))
    assert cost_in(derived, CUSTOMER) == nanos("0.0220")


class TestRecordingsOnSeveralLegs:
    """Their scope is the session: both legs' `call.cost` name one, the records name no leg or theirs."""

    BASE = nanos("0.0210")

    def base(self, ids: LegIds, start: float) -> list[Fact]:
        return [
            *answered_call(ids, start),
            recording_saved(ids, f"rec {ids.call_leg_id}", start + 169),
            sip_trunking(ids, start=start),
            call_control(ids, start=start),
        ]

    def told(self, ids: LegIds, cost: str) -> WebhookEvent:
        return call_cost(
            ids,
            cost_part("sip-trunking", "0.0150"),
            cost_part("call-control", "0.0060"),
            cost_part("call-recording", cost),
        )

    def record(self, ids: LegIds, cost: str, is_matching: bool) -> DetailRecord:
        known = {"recording_id": f"rec {ids.call_leg_id}"} if is_matching else {}
        extra: dict[str, Any] = {"name": ids.call_leg_id, **known}
        return recording(cost=cost, **extra)

    @pytest.mark.parametrize(
        ("is_mine_matching", "is_theirs_matching"), list(product([False, True], repeat=2))
    )
    def test_they_are_never_counted_twice(self, is_mine_matching: bool, is_theirs_matching: bool) -> None:
        told = [self.told(CUSTOMER, "0.0060"), self.told(AGENT, "0.0020")]
        calls = [*self.base(CUSTOMER, 0), *self.base(AGENT, 60)]
        mine = self.record(CUSTOMER, "0.0060", is_mine_matching)
        theirs = self.record(AGENT, "0.0040", is_theirs_matching)
        # Named: 0.0080. One record of two: the larger sum. Both: the records.
        expected = {(): "0.0080", (mine,): "0.0080", (theirs,): "0.0080", (mine, theirs): "0.0100"}
        for records, recorded in expected.items():
            derived = book(*calls, *told, *records)
            assert total(derived) == 2 * self.BASE + nanos(recorded)
            assert all(charge.can_settle for charge in derived.charges)
            assert (derived.open_items == ()) == (len(records) == 2)

    def test_one_large_record_outweighs_both_parts_and_still_counts_once(self) -> None:
        large = self.record(AGENT, "0.0500", is_matching=True)
        told = [self.told(CUSTOMER, "0.0060"), self.told(AGENT, "0.0020")]
        derived = book(*self.base(CUSTOMER, 0), *self.base(AGENT, 60), *told, large)
        assert cost_in(derived, CUSTOMER) == self.BASE
        assert cost_in(derived, AGENT) == self.BASE + nanos("0.0500")

    def test_while_the_parts_outweigh_it_a_matching_record_waits_on_the_owner(self) -> None:
        small = self.record(AGENT, "0.0010", is_matching=True)
        told = [self.told(CUSTOMER, "0.0060"), self.told(AGENT, "0.0020")]
        derived = book(*self.base(CUSTOMER, 0), *self.base(AGENT, 60), *told, small)
        assert derived.homes[("recording", small.record_id)] == ("call", CUSTOMER.call_control_id)
        assert cost_in(derived, CUSTOMER) == self.BASE + nanos("0.0080")
        assert cost_in(derived, AGENT) == self.BASE

    def test_of_two_recordings_without_call_cost_every_record_counts(self) -> None:
        records = [self.record(CUSTOMER, "0.0060", False), self.record(AGENT, "0.0040", False)]
        derived = book(*self.base(CUSTOMER, 0), *self.base(AGENT, 60), *records)
        assert total(derived) == 2 * self.BASE + nanos("0.0100")
