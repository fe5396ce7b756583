"""Rule f: when all that is to be expected of a part is here."""

from dataclasses import replace

import pytest

from services.common.money import Money
from services.ledger.parts import is_billed_record
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.unit.ledger.books import Fact, book, charge_in, closing, leg_in
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    SESSION,
    TWIN,
    amd,
    answered_call,
    call_control,
    call_cost,
    call_event,
    cost_part,
    machine_detected,
    recording,
    recording_saved,
    row,
    sip_trunking,
)

CALL: list[Fact] = [*answered_call(CUSTOMER)]
COMPLETE: list[Fact] = [*CALL, sip_trunking(CUSTOMER), call_control(CUSTOMER)]


def missing(*items: Fact) -> tuple[str, ...]:
    derived = book(*items)
    found = leg_in(derived, CUSTOMER).missing
    assert all(charge.can_settle == (found == ()) for charge in leg_in(derived, CUSTOMER).charges)
    return found


def test_an_answered_leg_misses_its_base_set() -> None:
    assert missing(*CALL) == ("call-control", "sip-trunking")
    assert missing(*CALL, sip_trunking(CUSTOMER)) == ("call-control",)
    assert missing(*COMPLETE) == ()


def test_the_records_of_another_leg_are_not_present_here() -> None:
    assert missing(*CALL, sip_trunking(AGENT), call_control(AGENT)) == ("call-control", "sip-trunking")


@pytest.mark.parametrize("call_seconds", [0, 163])
def test_a_record_of_0_billed_seconds_is_never_presence(call_seconds: int) -> None:
    zero = sip_trunking(CUSTOMER, "0", 0, call_sec=call_seconds)
    assert missing(*CALL, zero, call_control(CUSTOMER)) == ("sip-trunking",)
    twins = [zero, sip_trunking(CUSTOMER, "0", 0, name="one more")]
    assert missing(*CALL, *twins, call_control(CUSTOMER)) == ("sip-trunking",)


def test_billed_seconds_at_no_price_are_presence() -> None:
    """On-net carriage is billed at a rate of 0."""
    assert missing(*CALL, sip_trunking(CUSTOMER, "0", 186), call_control(CUSTOMER)) == ()


def test_a_timed_record_that_does_not_say_its_billed_seconds_is_present_by_its_amount() -> None:
    assert missing(*CALL, sip_trunking(CUSTOMER, "0.0150", None), call_control(CUSTOMER)) == ()
    assert missing(*CALL, sip_trunking(CUSTOMER, "0", None), call_control(CUSTOMER)) == ("sip-trunking",)


def test_billed_parts_of_call_cost_are_presence() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "0.0150"), cost_part("call-control", "0", 186))
    assert missing(*CALL, told) == ()


def test_parts_with_neither_time_nor_amount_are_not() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "0", 0), cost_part("call-control", "0.0060"))
    assert missing(*CALL, told) == ("sip-trunking",)


def test_a_part_whose_amount_cannot_be_read_is_not() -> None:
    told = call_cost(CUSTOMER, cost_part("sip-trunking", "broken"), cost_part("call-control", "0.0060"))
    assert missing(*CALL, told) == ("sip-trunking",)


def test_a_unit_is_billed_by_its_amount_also_where_it_has_seconds() -> None:
    """Of a type that nobody knows too; time-billed types go by their seconds alone."""
    detected = [*COMPLETE, machine_detected(CUSTOMER)]
    assert missing(*detected, amd(CUSTOMER, billed_sec=0)) == ()
    assert missing(*detected, amd(CUSTOMER, "0", billed_sec=60)) == ()
    per_call = sip_trunking(CUSTOMER, "0.0100", 0)
    assert missing(*CALL, per_call, call_control(CUSTOMER)) == ("sip-trunking",)
    unknown = replace(per_call, record_type="a-new-type", call_control_id=TWIN.call_control_id)
    assert is_billed_record(unknown)
    assert not is_billed_record(replace(unknown, cost=Money("USD", 0)))


def test_a_total_without_parts_shows_the_presence_of_none() -> None:
    assert missing(*CALL, call_cost(CUSTOMER, total_cost="0.0210")) == ("call-control", "sip-trunking")


def test_a_closing_sweep_makes_present_what_is_not_there() -> None:
    assert missing(*CALL, closing("sip-trunking")) == ("call-control",)
    assert missing(*CALL, closing("sip-trunking"), closing("call-control")) == ()


class TestFeatures:
    """One AMD or recording record for each of their events; one record for all events of another feature."""

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_as_many_detections_as_were_announced(self, count: int) -> None:
        events = [machine_detected(CUSTOMER, 7 + n) for n in range(count)]
        records = [amd(CUSTOMER, name=f"amd {n}") for n in range(count)]
        for there in range(count):
            assert missing(*COMPLETE, *events, *records[:there]) == ("amd",)
        assert missing(*COMPLETE, *events, *records) == ()

    def test_a_premium_detection_counts_like_any(self) -> None:
        premium = call_event(CUSTOMER, "call.machine.premium.detection.ended", 7, result="human_residence")
        events = [premium, machine_detected(CUSTOMER, 8)]
        assert missing(*COMPLETE, *events, amd(CUSTOMER)) == ("amd",)
        assert missing(*COMPLETE, *events, amd(CUSTOMER), amd(CUSTOMER, "0.0065", name="premium")) == ()

    def test_a_detection_that_costs_nothing_is_not_present(self) -> None:
        assert missing(*COMPLETE, machine_detected(CUSTOMER), amd(CUSTOMER, "0")) == ("amd",)
        closed = closing("amd")
        assert missing(*COMPLETE, machine_detected(CUSTOMER), amd(CUSTOMER, "0"), closed) == ()

    def test_as_many_recordings_as_were_announced(self) -> None:
        events = [recording_saved(CUSTOMER, "one", 100), recording_saved(CUSTOMER, "two", 169)]
        assert missing(*COMPLETE, *events, recording(name="1")) == ("recording",)
        assert missing(*COMPLETE, *events, recording(name="1"), recording(name="2")) == ()

    def test_the_same_recording_announced_twice_is_one(self) -> None:
        """Saved as mp3 and as wav, or sent again under another event id."""
        events = [recording_saved(CUSTOMER, "one", 169), recording_saved(CUSTOMER, "one", 170)]
        assert missing(*COMPLETE, *events, recording()) == ()

    def test_recordings_without_an_id_count_by_event(self) -> None:
        events = [recording_saved(CUSTOMER, when=169), recording_saved(CUSTOMER, when=170)]
        assert missing(*COMPLETE, *events, recording()) == ("recording",)

    def test_parts_of_call_cost_count_for_recordings_too(self) -> None:
        events = [recording_saved(CUSTOMER, "one", 100), recording_saved(CUSTOMER, "two", 169)]
        one = call_cost(CUSTOMER, cost_part("call-recording", "0.0060"))
        two = call_cost(
            CUSTOMER, cost_part("call-recording", "0.0060"), cost_part("call-recording", "0.0020")
        )
        assert missing(*COMPLETE, *events, one) == ("recording",)
        assert missing(*COMPLETE, *events, two) == ()

    @pytest.mark.parametrize(
        ("event_type", "record_type", "time_field"),
        [
            ("streaming.started", "media-streaming", "started_at"),
            ("call.transcription", "stt", "start_time"),
            ("call.conversation.ended", "ai-voice-assistant", "created_at"),
        ],
    )
    def test_of_other_features_one_record_is_enough(
        self, event_type: str, record_type: str, time_field: str
    ) -> None:
        events: list[WebhookEvent] = [call_event(CUSTOMER, event_type, 10 + n) for n in range(3)]
        assert missing(*COMPLETE, *events) == (record_type,)
        assert missing(*COMPLETE, *events, feature(record_type, time_field, billed=180)) == ()
        assert missing(*COMPLETE, *events, feature(record_type, time_field, billed=0)) == (record_type,)

    def test_a_feature_that_nobody_announced_is_not_waited_for(self) -> None:
        spoken = feature("tts", "created_at", billed=0)
        assert missing(*COMPLETE, spoken) == ()
        assert charge_in(book(*COMPLETE, spoken), CUSTOMER).cost_nanos == 21_000_000 + 10_500_000


def feature(record_type: str, time_field: str, billed: int) -> DetailRecord:
    """A feature's record on the customer's leg, billed by time."""
    fields = {
        "call_leg_id": CUSTOMER.call_leg_id,
        "telnyx_leg_id": CUSTOMER.call_leg_id,
        "call_session_id": SESSION,
        "telnyx_session_id": SESSION,
        "call_control_id": CUSTOMER.call_control_id,
        "cost": "0.0105",
        "billed_sec": billed,
        time_field: "2026-11-21T10:00:05Z",
    }
    return row(record_type, fields, record_type)
