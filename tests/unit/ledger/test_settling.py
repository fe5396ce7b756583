"""Rule i: settling happens once, costs never depend on it, and what is expected later reopens the job."""

from tests.unit.ledger.books import Fact, book, charge_in, cost_in, open_in
from tests.unit.ledger.builders import (
    CUSTOMER,
    amd,
    answered_call,
    call_control,
    machine_detected,
    nanos,
    sip_trunking,
)

SETTLED: list[Fact] = [*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)]


def test_a_settled_leg_waits_for_nothing() -> None:
    assert charge_in(book(*SETTLED), CUSTOMER).can_settle
    assert open_in(book(*SETTLED), CUSTOMER) is None


def test_what_is_expected_later_shows_and_reopens_the_job_at_the_same_cost() -> None:
    derived = book(*SETTLED, machine_detected(CUSTOMER, 400))
    item = open_in(derived, CUSTOMER)
    assert item is not None
    assert (item.missing, item.unclosed) == (("amd",), ("amd",))
    assert cost_in(derived, CUSTOMER) == nanos("0.0210")


def test_the_record_that_was_awaited_changes_the_cost_and_ends_the_wait() -> None:
    derived = book(*SETTLED, machine_detected(CUSTOMER, 400), amd(CUSTOMER))
    assert (cost_in(derived, CUSTOMER), derived.open_items) == (nanos("0.0230"), ())


def test_a_late_record_that_nobody_announced_counts_too() -> None:
    assert cost_in(book(*SETTLED, sip_trunking(CUSTOMER, "0.0007", 6, name="late")), CUSTOMER) == nanos(
        "0.0217"
    )
