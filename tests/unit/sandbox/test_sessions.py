"""What the kinds of sessions are made of, their records' fields and ids, and the decoys among them."""

from collections import Counter
from decimal import Decimal

import pytest

from tests.sandbox.account import Account
from tests.sandbox.activity import Activity
from tests.sandbox.amounts import ZERO
from tests.sandbox.ids import ACCOUNT_NUMBERS
from tests.sandbox.records import DetailRecord
from tests.sandbox.settings import Settings
from tests.unit.sandbox.support import ManualClock

UNKNOWN_FIELDS = {"record_type", "routing_revision", "labels"}
# The ids that tie a record of each type to a call, as the table of the facts, section 3 has them.
IDS = {
    "sip-trunking": {"call_control_id", "telnyx_session_id", "sip_call_id"},
    "call-control": {"telnyx_leg_id", "telnyx_session_id"},
    "webrtc": {"telnyx_leg_id", "telnyx_session_id"},
    "recording": {"telnyx_session_id"},
    "amd": {"call_leg_id", "call_session_id"},
    "media-streaming": {"call_leg_id", "call_session_id"},
    "noise-suppression": {"call_leg_id", "call_session_id"},
    "siprec-client": {"call_leg_id", "call_session_id"},
    "stt": {"call_leg_id", "call_session_id"},
    "tts": {"call_leg_id", "call_session_id"},
    "ai-voice-assistant": {"call_control_id", "telnyx_leg_id", "telnyx_session_id", "conversation_id"},
    "conference-participant": {"call_leg_id", "call_session_id", "conference_id"},
    "conference": {"call_leg_id", "call_session_id"},
    "inference": {"conversation_id"},
    "messaging": set(),
    "verify": set(),
    "wireless": set(),
    "media_storage": set(),
}
ALL_IDS = set().union(*IDS.values())


@pytest.fixture(scope="module")
def everything() -> list[Activity]:
    account = Account(Settings(seed=11), ManualClock())
    return [created.activity for created in account.create("mixed", 240)]


def _made(kind: str, count: int = 1) -> list[Activity]:
    account = Account(Settings(seed=4), ManualClock())
    return [created.activity for created in account.create(kind, count)]


def _of(activity: Activity, type_name: str) -> list[DetailRecord]:
    return [record for record in activity.records if record.type.name == type_name]


def test_every_record_has_the_fields_and_ids_of_its_type(everything: list[Activity]) -> None:
    records = [record for activity in everything for record in activity.records]
    assert {record.type.name for record in records} == set(IDS)
    for record in records:
        assert set(record.fields) - UNKNOWN_FIELDS <= record.type.fields, record.type.name
        assert set(record.fields) & ALL_IDS == IDS[record.type.name]
        assert record.fields[record.type.id_field] == record.record_id
        assert record.type.time_field in record.fields
    keys = Counter((record.type.name, record.record_id) for record in records)
    assert set(keys.values()) == {1}


def test_some_records_carry_fields_that_nobody_knows(everything: list[Activity]) -> None:
    records = [record for activity in everything for record in activity.records]
    assert 0 < sum("labels" in record.fields for record in records) < len(records)


def test_amounts_are_text_that_says_what_is_charged(everything: list[Activity]) -> None:
    texts = []
    for record in (record for activity in everything for record in activity.records):
        shown = record.fields.get(record.type.amount_field)
        if record.type.name == "conference":
            assert (shown, record.charge) == (None, ZERO)
            continue
        assert isinstance(shown, Decimal if record.type.name == "wireless" else str)
        billable = record.fields.get("is_telnyx_billable", True)
        charge = Decimal(str(shown)) if billable else ZERO
        assert charge == record.charge
        assert charge == charge.quantize(Decimal("1e-9"))
        texts.append(str(shown))
    assert any("E-" in text for text in texts)


def test_numbers_are_synthetic(everything: list[Activity]) -> None:
    parties = {party for activity in everything for leg in activity.legs for party in (leg.from_, leg.to)}
    numbers = {party for party in parties if not party.startswith("sip:")}
    assert all(number[-7:-2] == "55501" for number in numbers)
    assert set(ACCOUNT_NUMBERS) <= numbers


def test_the_dialer_is_the_table_of_the_facts() -> None:
    dialer = next(activity for activity in _made("dialer", 20) if activity.legs[0].talk_s == 163)
    customer, agent, twin = dialer.legs
    sip = {
        (record.leg_key, record.fields["billed_sec"]): record.charge for record in _of(dialer, "sip-trunking")
    }
    agent_s = 186
    assert sip == {
        (customer.call_leg_id, 180): Decimal("0.0150"),
        (customer.call_leg_id, 0): 0,
        (agent.call_leg_id, agent_s): 0,
        (twin.call_leg_id, agent_s): Decimal("0.0062"),
    }
    control = [(record.leg_key, record.charge) for record in _of(dialer, "call-control")]
    assert control == [
        (customer.call_leg_id, Decimal("0.0060")),
        (customer.call_leg_id, 0),
        (agent.call_leg_id, Decimal("0.0062")),
    ]
    assert [record.charge for record in _of(dialer, "amd")] == [Decimal("0.0020")]
    assert [record.charge for record in _of(dialer, "recording")] == [Decimal("0.0060")]
    assert sum(record.charge for record in dialer.records) == Decimal("0.0414")


def test_zero_twins_stand_beside_billed_records(everything: list[Activity]) -> None:
    twins = 0
    for activity in everything:
        for type_name in ("sip-trunking", "call-control"):
            by_leg: dict[str | None, list[DetailRecord]] = {}
            for record in _of(activity, type_name):
                by_leg.setdefault(record.leg_key, []).append(record)
            for records in by_leg.values():
                billed = [record.fields["billed_sec"] for record in records]
                if len(records) == 2:
                    twins += 1
                    assert 0 in billed
                    assert max(map(int, map(str, billed))) > 0
                else:
                    assert len(records) == 1
    assert twins > 20


@pytest.mark.parametrize("kind", ["busy", "no-answer", "rejected", "cancelled"])
def test_unanswered_calls_have_zero_records_or_none(kind: str) -> None:
    counts = Counter(len(activity.records) for activity in _made(kind, 40))
    assert set(counts) == {0, 2}
    assert all(not record.charge for activity in _made(kind, 40) for record in activity.records)


def test_two_recorded_legs_give_two_records_that_name_the_session_only() -> None:
    session = _made("recording")[0]
    records = _of(session, "recording")
    assert len(records) == 2
    assert {record.leg_key for record in records} == {None}
    assert {record.session_id for record in records} == {session.key}


def test_a_webrtc_leg_is_billed_three_times() -> None:
    session = _made("webrtc")[0]
    billed = {record.type.name for record in session.records if record.charge}
    assert billed == {"webrtc", "call-control", "sip-trunking"}
    assert {record.leg_key for record in session.records} == {session.legs[0].call_leg_id}


def test_an_assistant_has_speech_both_ways_and_inference_of_its_own() -> None:
    session = _made("assistant")[0]
    assert {"ai-voice-assistant", "stt", "tts", "inference"} <= {
        record.type.name for record in session.records
    }
    inference = _of(session, "inference")[0]
    assert (inference.session_id, inference.leg_key) == (None, None)
    assert (
        inference.fields["conversation_id"] == _of(session, "ai-voice-assistant")[0].fields["conversation_id"]
    )


def test_a_cost_that_is_not_billable_is_not_charged() -> None:
    record = _of(_made("features")[0], "noise-suppression")[0]
    assert record.fields["is_telnyx_billable"] is False
    assert Decimal(str(record.fields["cost"])) > 0
    assert record.charge == 0


def test_decoys_recur_where_they_must_not_match() -> None:
    account = Account(Settings(seed=4), ManualClock())

    def make(kind: str) -> Activity:
        return account.create(kind)[0].activity

    first = make("inbound").legs[0]
    conference = make("conference")
    assert {record.fields["conference_id"] for record in _of(conference, "conference-participant")} == {
        first.call_leg_id
    }
    assert _of(conference, "conference")[0].record_id == first.call_leg_id
    before = conference.legs[0]
    sip_only = make("sip-only")
    assert {record.fields["sip_call_id"] for record in sip_only.records} == {before.sip_call_id}
    assert {record.fields["call_control_id"] for record in sip_only.records} == {None}
    webrtc = make("webrtc").legs[0]
    assert make("verify").records[0].fields["verify_channel_id"] == webrtc.call_control_id


def test_call_control_ids_come_in_several_forms(everything: list[Activity]) -> None:
    ids = [leg.call_control_id for activity in everything for leg in activity.legs if leg.call_control_id]
    forms = Counter(each[:3] if each[:3] in {"v2:", "v3:"} else "uuid" for each in ids)
    assert forms["v3:"] > forms["v2:"] > 0
    assert forms["uuid"] > 0
    assert len(set(ids)) == len(ids)


def test_carrier_clocks_differ_by_less_than_a_minute(everything: list[Activity]) -> None:
    skews = set()
    for activity in everything:
        starts = {leg.call_leg_id: leg.start for leg in activity.legs}
        for record in _of(activity, "sip-trunking"):
            skews.add(round((record.at - starts[str(record.leg_key)]).total_seconds()))
    assert 0 in skews
    assert len(skews) > 3
    assert all(abs(skew) <= 45 for skew in skews)
