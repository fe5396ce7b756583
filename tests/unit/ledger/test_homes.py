"""Rule c: every record is at home in exactly one charge, and the owner leg answers for its session."""

from dataclasses import replace
from typing import Any

import pytest

from services.ledger.charges import Derived
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.unit.ledger.books import (
    Fact,
    book,
    charge_in,
    cost_in,
    leg_in,
    open_in,
    orders,
    total,
)
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    OTHER_SESSION,
    SESSION,
    TWIN,
    LegIds,
    amd,
    answered_call,
    at,
    call_control,
    call_cost,
    call_event,
    cost_part,
    initiated,
    leg,
    machine_detected,
    nanos,
    recording,
    recording_saved,
    row,
    sip_trunking,
    uid,
    webhook,
)

SESSION_ONLY: dict[str, Any] = {"call_control_id": None, "call_leg_id": None}


def home(derived: Derived, record: DetailRecord) -> tuple[str, str]:
    return derived.homes[(record.record_type, record.record_id)]


def complete(ids: LegIds, start: float = 0) -> list[Fact]:
    """An answered call with its base records: 0.0210."""
    return [
        *answered_call(ids, start),
        sip_trunking(ids, start=start),
        call_control(ids, start=start),
    ]


def test_a_record_is_at_home_on_its_own_leg() -> None:
    detection = amd(AGENT)
    derived = book(*complete(CUSTOMER), *complete(AGENT, 60), detection)
    assert home(derived, detection) == ("call", AGENT.call_control_id)


def test_what_names_only_the_session_is_at_home_on_the_owner_which_started_first() -> None:
    recorded = recording()
    for items in orders(recorded, *complete(CUSTOMER, 60), initiated(AGENT, 59)):
        derived = book(*items)
        assert home(derived, recorded) == ("call", AGENT.call_control_id)


def test_an_announced_leg_is_owner_before_a_silent_one_that_started_earlier() -> None:
    recorded = recording()
    derived = book(sip_trunking(TWIN, start=-60), *complete(CUSTOMER), recorded)
    assert home(derived, recorded) == ("call", CUSTOMER.call_control_id)


def test_of_silent_legs_the_earliest_is_owner() -> None:
    recorded = recording()
    derived = book(sip_trunking(TWIN, start=-1), sip_trunking(AGENT, start=0), recorded)
    assert home(derived, recorded) == ("call", TWIN.call_control_id)


def test_of_legs_that_start_together_the_smallest_id_is_owner() -> None:
    recorded = recording()
    derived = book(*complete(CUSTOMER), *complete(AGENT), *complete(TWIN), recorded)
    smallest = min(ids.call_control_id for ids in (CUSTOMER, AGENT, TWIN))
    assert home(derived, recorded) == ("call", smallest)


def test_a_feature_record_that_lost_its_leg_id_is_at_home_on_the_owner() -> None:
    detection = amd(AGENT, call_leg_id=None)
    derived = book(*complete(CUSTOMER), *complete(AGENT, 60), detection)
    assert home(derived, detection) == ("call", CUSTOMER.call_control_id)
    assert total(derived) == nanos("0.0440")


def test_without_a_leg_a_record_stands_for_itself() -> None:
    recorded = recording()
    derived = book(recorded)
    [charge] = derived.charges
    assert (charge.kind, charge.record_id) == ("other", f"recording:{recorded.record_id}")
    assert (charge.cost_nanos, charge.can_settle) == (nanos("0.0060"), True)


def test_once_a_leg_is_known_the_money_moves_to_it() -> None:
    """Nothing is lost and nothing is there twice; the book learns where the money went."""
    recorded = recording()
    before, after = book(recorded), book(recorded, *complete(CUSTOMER))
    assert total(before) == nanos("0.0060")
    assert total(after) == nanos("0.0060") + nanos("0.0210")
    assert [charge.kind for charge in after.charges] == ["call"]
    key = ("recording", recorded.record_id)
    assert after.home_of("other", ":".join(key), [key]) == CUSTOMER.call_control_id


def test_the_owner_changes_hands_when_an_earlier_leg_becomes_known() -> None:
    recorded = recording()
    before = book(*complete(CUSTOMER, 60), recorded)
    after = book(*complete(CUSTOMER, 60), recorded, *complete(AGENT, 0))
    assert home(before, recorded) == ("call", CUSTOMER.call_control_id)
    assert home(after, recorded) == ("call", AGENT.call_control_id)
    assert total(after) - total(before) == nanos("0.0210")


def test_records_of_no_call_are_charges_of_their_own() -> None:
    inference = row(
        "inference",
        {"conversation_id": uid("c"), "cost": "0.0009", "created_at": "2026-11-21T10:00:05Z"},
        "inference",
    )
    verify = row(
        "verify", {"verify_usage_fee": "0.0500", "cost": "9", "created_at": "2026-11-21T10:00:05Z"}, "verify"
    )
    sim = row("wireless", {"data_cost": 0.012345678, "created_at": "2026-11-21T10:00:05Z"}, "sim")
    derived = book(*complete(CUSTOMER), inference, verify, sim)
    assert cost_in(derived, f"inference:{inference.record_id}", "other") == nanos("0.0009")
    assert cost_in(derived, f"verify:{verify.record_id}", "other") == nanos("0.0500")
    assert cost_in(derived, f"wireless:{sim.record_id}", "other") == 12_345_678
    assert cost_in(derived, CUSTOMER) == nanos("0.0210")


@pytest.mark.parametrize(("word", "is_inbound"), [("incoming", True), ("outgoing", False)])
def test_a_record_of_no_call_has_its_own_parties_time_and_currency(word: str, is_inbound: bool) -> None:
    fields = {"cost": "0.0700", "currency": "EUR", "call_sec": 12, "created_at": "2026-11-21T10:00:05Z"}
    fax = row("fax", {**fields, "direction": word, "cli": "+12025550141", "cld": "+12025550142"}, "fax")
    charge = charge_in(book(fax), f"fax:{fax.record_id}", "other")
    ours, theirs = ("+12025550142", "+12025550141") if is_inbound else ("+12025550141", "+12025550142")
    assert (charge.phone_number, charge.contact) == (ours, theirs)
    assert (charge.currency, charge.billing_at, charge.duration_s) == ("EUR", at(5), 12)
    assert (charge.direction, charge.source) == (
        "inbound" if is_inbound else "outbound",
        "detail_records_api",
    )
    [line] = charge.parts
    assert (line.record_type, line.record_id) == ("fax", fax.record_id)
    assert (line.currency, line.cost_nanos, line.call_seconds) == ("EUR", nanos("0.0700"), 12)


def test_a_record_that_tells_neither_amount_nor_length_is_a_line_of_0_in_the_accounts_currency() -> None:
    broken = row("inference", {"cost": "broken", "created_at": "2026-11-21T10:00:05Z"}, "broken")
    charge = charge_in(book(broken), f"inference:{broken.record_id}", "other")
    [line] = charge.parts
    assert (charge.currency, charge.duration_s) == (line.currency, line.cost_nanos) == ("USD", 0)


def test_a_type_without_money_is_a_settled_zero() -> None:
    conference = row("conference", {"name": "weekly", "started_at": "2026-11-21T10:00:05Z"}, "weekly")
    charge = charge_in(book(conference), f"conference:{conference.record_id}", "other")
    assert (charge.cost_nanos, charge.can_settle) == (0, True)


class TestRecordings:
    """A recording matches by recording_id first."""

    def test_its_money_goes_to_the_leg_that_was_recorded(self) -> None:
        mine = recording(cost="0.0060", name="mine", recording_id="rec-customer")
        theirs = recording(cost="0.0020", name="theirs", recording_id="rec-agent")
        saved = [recording_saved(CUSTOMER, "rec-customer"), recording_saved(AGENT, "rec-agent")]
        derived = book(*complete(CUSTOMER), *complete(AGENT, 60), *saved, mine, theirs)
        assert cost_in(derived, CUSTOMER) == nanos("0.0210") + nanos("0.0060")
        assert cost_in(derived, AGENT) == nanos("0.0210") + nanos("0.0020")
        assert home(derived, theirs) == ("call", AGENT.call_control_id)
        assert derived.open_items == ()

    def test_a_record_whose_own_id_is_the_recording_id_matches_too(self) -> None:
        theirs = recording(name="theirs")
        derived = book(
            *complete(CUSTOMER), *complete(AGENT, 60), recording_saved(AGENT, theirs.record_id), theirs
        )
        assert home(derived, theirs) == ("call", AGENT.call_control_id)

    def test_without_a_match_it_goes_to_the_owner(self) -> None:
        unknown = recording(recording_id="rec-of-nobody")
        derived = book(
            *complete(CUSTOMER), *complete(AGENT, 60), recording_saved(AGENT, "rec-agent"), unknown
        )
        assert home(derived, unknown) == ("call", CUSTOMER.call_control_id)

    def test_a_record_of_another_type_with_the_id_of_a_recording_is_no_match(self) -> None:
        decoy = amd(CUSTOMER, id="rec-agent")
        derived = book(*complete(CUSTOMER), *complete(AGENT, 60), recording_saved(AGENT, "rec-agent"), decoy)
        assert home(derived, decoy) == ("call", CUSTOMER.call_control_id)

    def test_one_that_two_legs_announced_goes_to_the_smaller_id(self) -> None:
        both = [recording_saved(AGENT, "rec"), recording_saved(TWIN, "rec")]
        legs = [*complete(CUSTOMER), *complete(AGENT, 60), *complete(TWIN, 60)]
        recorded = recording(recording_id="rec")
        smaller = min(AGENT.call_control_id, TWIN.call_control_id)
        for order in ([*both], both[::-1]):
            assert home(book(*legs, *order, recorded), recorded) == ("call", smaller)

    def test_a_recording_of_another_session_is_no_match(self) -> None:
        stranger = recording(OTHER_SESSION, recording_id="rec-agent")
        derived = book(
            *complete(CUSTOMER), *complete(AGENT, 60), recording_saved(AGENT, "rec-agent"), stranger
        )
        assert home(derived, stranger) == ("other", f"recording:{stranger.record_id}")

    def test_an_unreadable_one_blocks_the_leg_that_it_belongs_to_and_no_other(self) -> None:
        mine = recording(name="mine", recording_id="rec-customer")
        theirs = recording(cost="broken", name="theirs", recording_id="rec-agent")
        saved = [recording_saved(CUSTOMER, "rec-customer"), recording_saved(AGENT, "rec-agent")]
        derived = book(*complete(CUSTOMER), *complete(AGENT, 60), *saved, mine, theirs)
        assert not charge_in(derived, AGENT).can_settle
        assert leg_in(derived, AGENT).unreadable
        assert charge_in(derived, CUSTOMER).can_settle
        [line] = [part for part in charge_in(derived, AGENT).parts if part.record_type == "recording"]
        assert (line.currency, line.cost_nanos) == ("USD", 0)

    def test_one_that_names_a_leg_after_all_still_counts_once(self) -> None:
        named = replace(recording(), leg_id=AGENT.call_leg_id)
        derived = book(*complete(CUSTOMER), *complete(AGENT, 60), named)
        assert total(derived) == 2 * nanos("0.0210") + nanos("0.0060")
        assert list(derived.homes).count(("recording", named.record_id)) == 1


class TestSessionOnlyEvidence:
    """Session-only `call.cost` parts and expectations live on the owner too."""

    def test_the_recording_part_of_any_leg_is_the_owners(self) -> None:
        told = call_cost(
            AGENT,
            cost_part("sip-trunking", "0.0150"),
            cost_part("call-control", "0.0060"),
            cost_part("call-recording", "0.0040"),
        )
        derived = book(*complete(CUSTOMER), *answered_call(AGENT, 60), told)
        assert cost_in(derived, CUSTOMER) == nanos("0.0210") + nanos("0.0040")
        assert cost_in(derived, AGENT) == nanos("0.0210")

    def test_it_is_charged_even_while_the_owner_has_nothing_else(self) -> None:
        told = call_cost(AGENT, cost_part("call-recording", "0.0040"))
        derived = book(initiated(CUSTOMER), *answered_call(AGENT, 60), told)
        assert cost_in(derived, CUSTOMER) == nanos("0.0040")

    def test_a_recording_that_is_expected_of_any_leg_is_missing_on_the_owner(self) -> None:
        derived = book(*complete(CUSTOMER), *complete(AGENT, 60), recording_saved(AGENT, "rec-agent"))
        assert leg_in(derived, CUSTOMER).missing == ("recording",)
        assert leg_in(derived, AGENT).missing == ()
        assert open_in(derived, AGENT) is None

    def test_a_detection_on_another_leg_is_missing_there_alone(self) -> None:
        derived = book(*complete(CUSTOMER), *complete(AGENT, 60), machine_detected(AGENT, 67))
        assert leg_in(derived, CUSTOMER).missing == ()
        assert leg_in(derived, AGENT).missing == ("amd",)

    def test_what_an_event_of_the_session_alone_announces_is_missing_on_the_owner(self) -> None:
        lone = webhook("call.machine.detection.ended", {"call_session_id": SESSION}, 7)
        derived = book(*complete(CUSTOMER), *complete(AGENT, 60), lone)
        assert leg_in(derived, CUSTOMER).missing == ("amd",)
        assert leg_in(derived, AGENT).missing == ()

    def test_told_of_the_leg_and_of_the_session_one_stream_is_one_record_to_come(self) -> None:
        lone = webhook("streaming.started", {"call_session_id": SESSION}, 6)
        fields = {
            "call_leg_id": CUSTOMER.call_leg_id,
            "call_session_id": SESSION,
            "cost": "0.0105",
            "billed_sec": 180,
            "started_at": "2026-11-21T10:00:05Z",
        }
        stream = row("media-streaming", fields, "stream")
        own = call_event(CUSTOMER, "streaming.started", 6)
        assert leg_in(book(*complete(CUSTOMER), own, lone), CUSTOMER).missing == ("media-streaming",)
        assert leg_in(book(*complete(CUSTOMER), own, lone, stream), CUSTOMER).missing == ()

    @pytest.mark.parametrize("has_parts", [True, False])
    def test_a_call_cost_of_the_session_alone_counts_for_the_owner(self, has_parts: bool) -> None:
        parts = [cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0.0060")]
        told = call_cost(
            CUSTOMER,
            *(parts if has_parts else []),
            total_cost=None if has_parts else "0.0210",
            **SESSION_ONLY,
        )
        derived = book(*answered_call(CUSTOMER), *answered_call(AGENT, 60), told)
        assert cost_in(derived, CUSTOMER) == nanos("0.0210")
        assert cost_in(derived, AGENT) == nanos("0.045") - nanos("0.003")
        assert charge_in(derived, CUSTOMER).can_settle == has_parts

    def test_a_call_cost_of_the_leg_itself_goes_before_it(self) -> None:
        lone = call_cost(CUSTOMER, total_cost="0.9", when=300, **SESSION_ONLY)
        own = call_cost(CUSTOMER, total_cost="0.0210", when=170)
        assert cost_in(book(*answered_call(CUSTOMER), lone, own), CUSTOMER) == nanos("0.0210")

    def test_the_latest_of_those_of_the_session_counts(self) -> None:
        costs = [call_cost(CUSTOMER, total_cost=f"0.0{n}", when=300 + n, **SESSION_ONLY) for n in (1, 3, 2)]
        assert cost_in(book(*answered_call(CUSTOMER), *costs), CUSTOMER) == nanos("0.03")

    def test_a_hang_up_of_the_session_alone_tells_no_cost(self) -> None:
        payload = {"call_session_id": SESSION, "cost": {"amount": "0.9", "currency": "USD"}}
        lone = webhook("call.hangup", payload, 300)
        assert cost_in(book(*answered_call(CUSTOMER), lone), CUSTOMER) == nanos("0.045")

    def test_a_silent_owner_is_not_announced_by_what_names_only_its_session(self) -> None:
        lone = webhook("call.recording.saved", {"call_session_id": SESSION, "recording_id": "r"}, 100)
        derived = book(sip_trunking(TWIN), lone)
        assert leg_in(derived, TWIN).missing == ("recording",)
        assert leg_in(book(sip_trunking(TWIN), lone, recording()), TWIN).missing == ()


def test_a_leg_without_a_session_owns_nothing() -> None:
    alone = leg("alone", session_id="")
    recorded = recording(telnyx_session_id=None)
    derived = book(*complete(alone), recorded)
    assert home(derived, recorded)[0] == "other"
