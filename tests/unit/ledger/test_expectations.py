"""Why a record type is expected of a leg, as a sentence for people."""

from tests.unit.ledger.books import Fact, book, closing, leg_in
from tests.unit.ledger.builders import (
    CUSTOMER,
    amd,
    answered_call,
    call_control,
    call_cost,
    cost_part,
    machine_detected,
    recording_saved,
    sip_trunking,
    unanswered_call,
)


def reasons(*items: Fact) -> dict[str, str]:
    leg = leg_in(book(*items), CUSTOMER)
    return dict(zip(leg.missing, leg.reasons, strict=True))


def test_of_an_answered_call_its_base_set() -> None:
    told = reasons(*answered_call(CUSTOMER))
    assert list(told) == ["call-control", "sip-trunking"]
    assert told["sip-trunking"] == (
        "The call was answered, and every answered call is billed for sip-trunking. "
        "No record has come, and no call.cost webhook told of it."
    )


def test_a_record_that_bills_nothing_is_not_what_is_expected() -> None:
    [reason] = reasons(
        *answered_call(CUSTOMER), call_control(CUSTOMER), sip_trunking(CUSTOMER, "0", 0)
    ).values()
    assert reason.endswith(
        "The records that have come bill nothing: such twins come beside a billed record, not in its place."
    )


def test_a_call_cost_that_bills_nothing_is_not_either() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "0", billed=0))
    [reason] = reasons(*answered_call(CUSTOMER), call_control(CUSTOMER), told).values()
    assert reason.endswith("No record has come, and the call.cost webhook billed nothing for it.")


def test_of_a_feature_the_webhook_that_said_it_ran() -> None:
    complete: list[Fact] = [*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)]
    told = reasons(*complete, machine_detected(CUSTOMER), recording_saved(CUSTOMER))
    assert list(told) == ["amd", "recording"]
    assert told["recording"].startswith(
        "A webhook (call.recording.saved) said that this feature ran on the call"
    )
    assert "call.machine.detection.ended or call.machine.premium.detection.ended" in told["amd"]


def test_of_several_how_many_are_there() -> None:
    complete: list[Fact] = [*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)]
    twice: list[Fact] = [machine_detected(CUSTOMER), machine_detected(CUSTOMER, 9)]
    [reason] = reasons(*complete, *twice, amd(CUSTOMER)).values()
    assert "told of 2, and each is billed" in reason
    assert reason.endswith("Known so far: 1.")
    assert reasons(*complete, *twice, amd(CUSTOMER), amd(CUSTOMER, name="second")) == {}


def test_of_an_unanswered_call_the_proof_that_it_cost_nothing() -> None:
    told = reasons(*unanswered_call(CUSTOMER))
    assert list(told) == ["call-control", "sip-trunking"]
    assert all(reason.startswith("The call was not answered") for reason in told.values())
    closed = reasons(*unanswered_call(CUSTOMER), closing("call-control", 0, 30))
    assert list(closed) == ["sip-trunking"]
    assert reasons(*unanswered_call(CUSTOMER), sip_trunking(CUSTOMER, "0", 0)) == {}
