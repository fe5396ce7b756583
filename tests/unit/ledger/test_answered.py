"""Rule g: whether a leg was answered, and when one without a hang-up has ended."""

from datetime import timedelta

import pytest

from tests.unit.ledger.books import Fact, book, charge_in, cost_in, leg_in, open_in
from tests.unit.ledger.builders import (
    ACCOUNT_NUMBER,
    CUSTOMER,
    CUSTOMER_NUMBER,
    HOUR,
    TWIN,
    amd,
    answered,
    answered_call,
    at,
    call_control,
    call_cost,
    cost_part,
    hangup,
    initiated,
    nanos,
    recording,
    sip_trunking,
    unanswered_call,
)

ESTIMATE = nanos("0.045")
UNANSWERED = ["call_rejected", "originator_cancel", "timeout", "user_busy", "not_found", "no_answer"]


@pytest.mark.parametrize("cause", UNANSWERED)
def test_a_hang_up_of_these_causes_says_unanswered(cause: str) -> None:
    derived = book(*unanswered_call(CUSTOMER, cause))
    assert cost_in(derived, CUSTOMER) == 0
    assert leg_in(derived, CUSTOMER).estimate_nanos == leg_in(derived, CUSTOMER).duration_s == 0
    assert leg_in(derived, CUSTOMER).call_status in {"no_answer", "busy", "failed"}
    assert leg_in(derived, CUSTOMER).hangup_cause == cause


@pytest.mark.parametrize("cause", ["normal_clearing", "time_limit", "unspecified", "a_new_cause", ""])
def test_any_other_cause_says_answered(cause: str) -> None:
    derived = book(initiated(CUSTOMER), hangup(CUSTOMER, 168, cause=cause))
    assert cost_in(derived, CUSTOMER) == ESTIMATE
    assert leg_in(derived, CUSTOMER).call_status == "completed"


@pytest.mark.parametrize(
    "proof",
    [
        answered(CUSTOMER, 5),
        sip_trunking(CUSTOMER, "0", 60),
        amd(CUSTOMER),
        call_cost(CUSTOMER, cost_part("sip-trunking", "0", 60)),
        call_cost(CUSTOMER, cost_part("sip-trunking", "0.0001", 0)),
        call_cost(CUSTOMER, total_cost="0.0001"),
        call_cost(CUSTOMER, cost_part("sip-trunking", "0", 0), total_cost="0.0001"),
    ],
)
def test_an_answer_or_any_billed_fact_goes_before_the_cause(proof: Fact) -> None:
    derived = book(*unanswered_call(CUSTOMER), proof)
    assert leg_in(derived, CUSTOMER).call_status == "completed"
    assert "call-control" in leg_in(derived, CUSTOMER).missing


@pytest.mark.parametrize(
    "rest",
    [
        sip_trunking(CUSTOMER, "0", 0),
        call_cost(CUSTOMER, cost_part("sip-trunking", "0", 0)),
        call_cost(CUSTOMER, total_cost="0"),
        call_cost(CUSTOMER, total_cost="0.0001", status="error"),
        sip_trunking(TWIN),
    ],
)
def test_nothing_billed_says_nothing(rest: Fact) -> None:
    derived = book(*unanswered_call(CUSTOMER), rest)
    assert leg_in(derived, CUSTOMER).call_status == "busy"
    assert cost_in(derived, CUSTOMER) == 0


def test_a_billed_record_of_the_session_alone_says_nothing_of_any_leg() -> None:
    """Somebody was recorded; that it was the owner's party who answered is not said."""
    derived = book(*unanswered_call(CUSTOMER), recording())
    assert leg_in(derived, CUSTOMER).call_status == "busy"
    assert cost_in(derived, CUSTOMER) == nanos("0.0060")
    assert leg_in(derived, CUSTOMER).estimate_nanos == 0


def test_the_estimate_counts_from_the_answer() -> None:
    assert cost_in(
        book(initiated(CUSTOMER), answered(CUSTOMER, 109), hangup(CUSTOMER, 168)), CUSTOMER
    ) == nanos("0.015")


def test_with_the_answer_unseen_the_estimate_counts_from_start_time() -> None:
    derived = book(initiated(CUSTOMER, 100), hangup(CUSTOMER, 168, start=0))
    assert cost_in(derived, CUSTOMER) == ESTIMATE
    assert leg_in(derived, CUSTOMER).answered_at is None


def test_an_answer_after_the_hang_up_by_a_carriers_clock_is_one_minute() -> None:
    assert cost_in(book(answered(CUSTOMER, 200), hangup(CUSTOMER, 168)), CUSTOMER) == nanos("0.015")


def test_how_long_it_lasted_and_when_it_ended() -> None:
    """As the hang-up says, else as the records do."""
    told = leg_in(book(*answered_call(CUSTOMER), sip_trunking(CUSTOMER, call_sec=99)), CUSTOMER)
    assert (told.duration_s, told.answered_at, told.ended_at) == (163, at(5), at(168))
    unseen = leg_in(book(hangup(CUSTOMER, 168, end_time=None)), CUSTOMER)
    assert (unseen.duration_s, unseen.answered_at, unseen.ended_at) == (168, None, at(168))
    records = [
        sip_trunking(
            TWIN, call_sec=163, answered_at="2026-11-21T10:00:07Z", finished_at="2026-11-21T10:02:50Z"
        ),
        sip_trunking(
            TWIN,
            call_sec=160,
            answered_at="2026-11-21T10:00:05Z",
            finished_at="2026-11-21T10:02:45Z",
            name="second",
        ),
        sip_trunking(TWIN, "0", 0, answered_at="2026-11-21T10:00:01Z", name="zero twin"),
    ]
    silent = leg_in(book(*records), TWIN)
    assert (silent.duration_s, silent.answered_at, silent.ended_at) == (163, at(5), at(170))
    assert leg_in(book(amd(TWIN)), TWIN.call_leg_id).duration_s == 0


class TestWithoutAHangUp:
    """Webhooks get lost: such a leg ends at its last fact + 4 h."""

    def test_it_has_no_estimate_and_no_charge_before_there_is_money(self) -> None:
        derived = book(initiated(CUSTOMER), answered(CUSTOMER, 5))
        assert derived.charges == ()
        assert leg_in(derived, CUSTOMER).estimate_nanos is None
        assert leg_in(derived, CUSTOMER).call_status == "answered"

    def test_it_is_open_4_hours_after_its_last_fact(self) -> None:
        item = open_in(book(initiated(CUSTOMER), answered(CUSTOMER, 5)), CUSTOMER)
        assert item is not None
        assert item.open_at == item.span.end_at == at(5 + 4 * HOUR)
        assert item.span.start_at == at(0)
        later = open_in(book(initiated(CUSTOMER), answered(CUSTOMER, 5), amd(CUSTOMER, start=90)), CUSTOMER)
        assert later is not None
        assert later.span.end_at - item.span.end_at == timedelta(seconds=85)

    def test_a_record_of_a_long_call_moves_its_end(self) -> None:
        long = sip_trunking(CUSTOMER, finished_at="2026-11-21T20:00:00Z")
        item = open_in(book(initiated(CUSTOMER), long), CUSTOMER)
        assert item is not None
        assert item.span.end_at == at(14 * HOUR)

    def test_without_an_estimate_there_is_no_floor(self) -> None:
        assert cost_in(book(initiated(CUSTOMER), sip_trunking(CUSTOMER, "0", 60)), CUSTOMER) == 0

    def test_the_billed_base_records_settle_it(self) -> None:
        derived = book(initiated(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER))
        assert charge_in(derived, CUSTOMER).cost_nanos == nanos("0.0210")
        assert charge_in(derived, CUSTOMER).can_settle
        assert leg_in(derived, CUSTOMER).call_status == "completed"

    def test_half_of_them_do_not(self) -> None:
        derived = book(initiated(CUSTOMER), sip_trunking(CUSTOMER))
        assert charge_in(derived, CUSTOMER).cost_nanos == nanos("0.0150")
        assert not charge_in(derived, CUSTOMER).can_settle


def test_with_a_hang_up_attempts_count_from_its_receipt_by_our_own_clock() -> None:
    timeless = sip_trunking(CUSTOMER, started_at=None)
    item = open_in(book(initiated(CUSTOMER), hangup(CUSTOMER, 168, received=171.5), timeless), CUSTOMER)
    assert item is not None
    assert (item.open_at, item.span.start_at, item.span.end_at) == (at(171.5), at(0), at(168))


def test_a_leg_tells_whose_call_it_was() -> None:
    told = leg_in(book(initiated(CUSTOMER), answered(CUSTOMER)), CUSTOMER)
    assert (told.session_id, told.call_control_id) == (CUSTOMER.call_session_id, CUSTOMER.call_control_id)
    assert (told.leg_id, told.is_announced) == (CUSTOMER.call_leg_id, True)
    assert (told.from_number, told.to_number) == (ACCOUNT_NUMBER, CUSTOMER_NUMBER)
    assert (told.direction, told.started_at, told.hangup_cause) == ("outbound", at(0), "")


def test_an_estimated_leg_tells_its_rate() -> None:
    derived = book(*answered_call(CUSTOMER))
    assert [leg_in(derived, CUSTOMER).rate] == list(derived.first_rates)


def test_what_waits_is_told_with_all_its_ids() -> None:
    item = open_in(book(*answered_call(CUSTOMER)), CUSTOMER)
    assert item is not None
    assert (item.kind, item.session_id) == ("call", CUSTOMER.call_session_id)
    assert (item.call_control_id, item.leg_id) == (CUSTOMER.call_control_id, CUSTOMER.call_leg_id)


def test_the_words_for_how_a_call_went() -> None:
    words = {
        "initiated": [initiated(CUSTOMER)],
        "answered": [initiated(CUSTOMER), answered(CUSTOMER)],
        "completed": answered_call(CUSTOMER),
        "busy": unanswered_call(CUSTOMER, "user_busy"),
        "failed": unanswered_call(CUSTOMER, "call_rejected"),
        "no_answer": unanswered_call(CUSTOMER, "originator_cancel"),
    }
    assert {word: leg_in(book(*events), CUSTOMER).call_status for word, events in words.items()} == {
        word: word for word in words
    }


def test_a_call_that_telnyx_has_counted_up_is_over_without_a_hang_up() -> None:
    counted = book(initiated(CUSTOMER), call_cost(CUSTOMER, total_cost="0"))
    assert leg_in(counted, CUSTOMER).call_status == "no_answer"
