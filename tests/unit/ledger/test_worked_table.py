"""The worked table of what one call costs (Telnyx facts, section 4), to the nano."""

from itertools import permutations

import pytest

from services.ledger.charges import Derived
from tests.unit.ledger.books import Fact, book, charge_in, cost_in, leg_in, open_in, total
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    TWIN,
    amd,
    answered_call,
    call_control,
    machine_detected,
    nanos,
    recording,
    recording_saved,
    sip_trunking,
)

RECORDS = (
    sip_trunking(CUSTOMER, "0.0150", 180, rate="0.005", call_sec=163),
    call_control(CUSTOMER, "0.0060", 180, rate="0.002"),
    sip_trunking(AGENT, "0", 186, rate="0", start=1),
    call_control(AGENT, "0.0062", 186, rate="0.002", start=1),
    sip_trunking(TWIN, "0.0062", 186, rate="0.002", start=2),
    sip_trunking(CUSTOMER, "0", 0, call_sec=0, rate="0.005", name="zero twin"),
    amd(CUSTOMER, "0.0020"),
    recording(cost="0.0060", billed=180),
)
EVENTS = (
    *answered_call(CUSTOMER),
    machine_detected(CUSTOMER),
    recording_saved(CUSTOMER, "rec-1"),
    *answered_call(AGENT, start=1),
)


@pytest.fixture(scope="module")
def worked() -> Derived:
    return book(*EVENTS, *RECORDS)


def test_the_session_costs_the_sum_over_all_records_of_all_its_legs(worked: Derived) -> None:
    assert total(worked) == nanos("0.0414")


def test_each_leg_costs_the_sum_of_its_own_records(worked: Derived) -> None:
    # The recording names the session alone: it is at home on the owner, the customer's leg.
    assert cost_in(worked, CUSTOMER) == nanos("0.0150") + nanos("0.0060") + nanos("0.0020") + nanos("0.0060")
    assert cost_in(worked, AGENT) == nanos("0.0062")
    assert cost_in(worked, TWIN) == nanos("0.0062")


def test_no_decoy_id_joins_legs(worked: Derived) -> None:
    assert {leg.call_id for leg in worked.legs} == {
        CUSTOMER.call_control_id,
        AGENT.call_control_id,
        TWIN.call_control_id,
    }


def test_the_whole_session_settles(worked: Derived) -> None:
    assert [charge.can_settle for charge in worked.charges] == [True, True, True]
    assert worked.open_items == ()
    assert all(leg.missing == () and leg.unreadable == () for leg in worked.legs)


def test_every_record_is_a_line_of_its_charge(worked: Derived) -> None:
    lines = {(part.record_type, part.record_id) for charge in worked.charges for part in charge.parts}
    assert lines == {(record.record_type, record.record_id) for record in RECORDS} == set(worked.homes)


def test_the_zero_twin_neither_counts_nor_hides(worked: Derived) -> None:
    trunks = [part for part in charge_in(worked, CUSTOMER).parts if part.record_type == "sip-trunking"]
    assert sorted((part.cost_nanos, part.billed_seconds) for part in trunks) == [(0, 0), (15_000_000, 180)]
    assert charge_in(worked, CUSTOMER).details["billedSeconds"] == 180


def test_a_zero_record_that_comes_first_settles_nothing() -> None:
    """Every order of trunk, control and zero twin, the silent leg and the recording being there already."""
    trunk, control, _, _, twin, zero, detection, recorded = RECORDS
    there: list[Fact] = [*EVENTS, twin, detection, recorded]
    for order in permutations((trunk, zero, control)):
        for count in range(3):
            partial = book(*there, *order[:count])
            is_complete = {trunk, control} <= set(order[:count])
            assert charge_in(partial, CUSTOMER).can_settle == is_complete
            assert bool(leg_in(partial, CUSTOMER).missing) != is_complete
            assert (open_in(partial, CUSTOMER) is None) == is_complete
        assert cost_in(book(*there, *order), CUSTOMER) == nanos("0.0290")


def test_before_any_record_each_announced_leg_shows_its_estimate() -> None:
    estimated = book(*EVENTS)
    # 163 s are 3 started minutes on the telephone network, and 28 started 6 s (168 s) on-net.
    assert cost_in(estimated, CUSTOMER) == 3 * nanos("0.015")
    assert cost_in(estimated, AGENT) == nanos("0.042")
    assert {charge.can_settle for charge in estimated.charges} == {False}


def test_a_single_record_of_eight_makes_no_charge_exact_but_the_silent_one() -> None:
    for record in RECORDS:
        items: list[Fact] = [*EVENTS, record]
        settled = {charge.record_id for charge in book(*items).charges if charge.can_settle}
        assert settled <= {TWIN.call_control_id}
