"""Webhook bodies: the field names of today's reference, the older forms, and what is planned to be sent."""

import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.account import Account
from tests.sandbox.activity import Activity
from tests.sandbox.call_cost import ALL_FORMS, CallCost, Form
from tests.sandbox.calls import CALL_KINDS
from tests.sandbox.delivery import is_retried, live_delays, plan_delivery
from tests.sandbox.events import Event
from tests.sandbox.settings import Faults, Settings
from tests.unit.sandbox.support import ManualClock

CALL_IDS = {"call_control_id", "call_leg_id", "call_session_id", "connection_id", "client_state"}


def _made(kind: str, count: int = 1, call_cost: CallCost | None = None, seed: int = 1) -> list[Activity]:
    account = Account(Settings(seed=seed), ManualClock())
    return [created.activity for created in account.create(kind, count, call_cost=call_cost)]


def _inner(event: Event) -> dict[str, Any]:
    inner: Any = event.body.get("data", event.body)
    return dict(inner)


def _payloads(activities: Iterable[Activity], event_type: str) -> list[dict[str, Any]]:
    events = [event for activity in activities for event in activity.events]
    return [_inner(event)["payload"] for event in events if event.event_type == event_type]


def _cost(form: Form, kind: str = "recording") -> tuple[Activity, dict[str, Any]]:
    activity = _made(kind, call_cost=CallCost("after-hangup", form))[0]
    return activity, _payloads([activity], "call.cost")[0]


def test_every_webhook_names_its_leg_and_session() -> None:
    for activity in _made("calls", 60):
        keys = {(leg.call_control_id, leg.call_leg_id) for leg in activity.legs if leg.announced}
        for event in activity.events:
            payload = _inner(event)["payload"]
            assert payload["call_session_id"] == activity.key
            assert payload["call_leg_id"] in {leg_id for _, leg_id in keys}
            if "call_control_id" in payload:
                assert (payload["call_control_id"], payload["call_leg_id"]) in keys


def test_silent_legs_are_in_no_webhook() -> None:
    dialer = _made("dialer")[0]
    twin = next(leg for leg in dialer.legs if not leg.announced)
    assert twin.call_control_id
    assert all(twin.call_control_id not in str(event.body) for event in dialer.events)
    assert _made("sip-only")[0].events == ()


def test_a_hangup_has_the_reference_fields_and_no_cost() -> None:
    for payload in _payloads(_made("calls", 30), "call.hangup"):
        assert set(payload) == CALL_IDS | {
            *("from", "to", "state", "start_time", "end_time", "hangup_cause", "hangup_source"),
            *("sip_hangup_cause", "call_quality_stats", "tags"),
        }


def test_the_usual_order_and_the_envelopes() -> None:
    activities = _made("inbound", 200, CallCost("never"))
    assert {tuple(event.event_type for event in activity.events) for activity in activities} == {
        ("call.initiated", "call.answered", "call.hangup")
    }
    bodies = [activity.events[0].body for activity in activities]
    assert sum("data" in body for body in bodies) > 170
    assert any("data" not in body and "event_type" in body for body in bodies)
    assert any("created_at" in _inner(activity.events[0]) for activity in activities)
    ids = [_inner(event)["id"] for activity in activities for event in activity.events]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("kind", ["busy", "no-answer", "rejected", "cancelled"])
def test_unanswered_calls_say_why(kind: str) -> None:
    causes = {"busy": "user_busy", "rejected": "call_rejected", "cancelled": "originator_cancel"}
    activity = _made(kind)[0]
    assert [event.event_type for event in activity.events] == ["call.initiated", "call.hangup"]
    assert _payloads([activity], "call.hangup")[0]["hangup_cause"] == causes.get(kind, "no_answer")


@pytest.mark.parametrize(
    ("kind", "event_type", "count"),
    [
        ("recording", "call.recording.saved", 2),
        ("streaming", "streaming.started", 1),
        ("assistant", "call.transcription", 1),
        ("assistant", "call.conversation.ended", 1),
        ("dialer", "call.bridged", 2),
        ("dialer", "call.machine.detection.ended", 1),
        ("conference", "conference.participant.joined", 2),
        ("pstn-outbound", "call.playback.started", 1),
    ],
)
def test_features_are_announced(kind: str, event_type: str, count: int) -> None:
    assert len(_payloads(_made(kind), event_type)) == count


def test_amd_comes_in_two_qualities() -> None:
    activities = _made("amd", 20)
    names = {event.event_type for activity in activities for event in activity.events}
    assert {"call.machine.detection.ended", "call.machine.premium.detection.ended"} <= names


def test_call_cost_sums_the_carriage_and_recording_of_one_leg() -> None:
    """It leaves out amd, and the silent twin has none."""
    activity = _made("dialer", call_cost=CallCost("after-hangup"))[0]
    costs = {payload["call_leg_id"]: payload for payload in _payloads([activity], "call.cost")}
    customer, agent, _ = activity.legs
    assert set(costs) == {customer.call_leg_id, agent.call_leg_id}
    parts = {part["call_part"]: Decimal(part["cost"]) for part in costs[customer.call_leg_id]["cost_parts"]}
    assert set(parts) == {"sip-trunking", "call-control", "call-recording"}
    for name, cost in parts.items():
        record_type = name.replace("call-recording", "recording")
        leg_key = None if record_type == "recording" else customer.call_leg_id
        records = [r for r in activity.records if r.type.name == record_type and r.leg_key == leg_key]
        assert cost == sum(record.charge for record in records)
    assert Decimal(costs[customer.call_leg_id]["total_cost"]) == sum(parts.values())


def test_call_cost_comes_before_the_hangup_after_it_or_never() -> None:
    def names(call_cost: CallCost) -> list[str]:
        return [event.event_type for event in _made("inbound", call_cost=call_cost)[0].events]

    assert names(CallCost("before-hangup"))[-2:] == ["call.cost", "call.hangup"]
    assert names(CallCost("after-hangup"))[-2:] == ["call.hangup", "call.cost"]
    assert "call.cost" not in names(CallCost("never"))
    late = _made("inbound", call_cost=CallCost("after-records"))[0].events
    assert [event.event_type for event in late if event.after_records] == ["call.cost"]


def test_the_forms_of_call_cost() -> None:
    activity, parts = _cost("parts")
    leg = activity.legs[0]
    assert set(parts) == CALL_IDS | {"billed_duration_secs", "cost_parts", "total_cost", "status"}
    assert set(parts["cost_parts"][0]) == {"call_part", "cost", "rate", "currency", "billed_duration_secs"}
    assert isinstance(parts["cost_parts"][0]["cost"], str)
    assert parts["status"] == "success"
    assert parts["call_leg_id"] == leg.call_leg_id

    _, numbers = _cost("numbers")
    assert isinstance(numbers["cost_parts"][0]["cost"], Decimal)
    assert numbers["status"] == "valid"
    _, typed = _cost("type-key")
    assert "type" in typed["cost_parts"][0]
    assert "call_part" not in typed["cost_parts"][0]
    _, flat = _cost("flat-cost")
    assert set(flat["cost"]) == {"amount", "currency"}
    assert "cost_parts" not in flat
    _, amount = _cost("flat-amount")
    assert Decimal(amount["amount"]) == Decimal(flat["cost"]["amount"]) == Decimal(parts["total_cost"])
    _, error = _cost("error")
    assert (error["status"], error["total_cost"]) == ("error", None)


def test_all_forms_are_drawn() -> None:
    rng = random.Random(3)
    assert {CallCost.drawn(rng).form for _ in range(100)} == set(ALL_FORMS)


def test_messages_carry_their_cost_or_null() -> None:
    with_cost = _payloads(_made("sms-outbound"), "message.finalized")[0]
    assert set(with_cost["cost"]) == {"amount", "currency"}
    breakdown = with_cost["cost_breakdown"]
    fee, rate = Decimal(breakdown["carrier_fee"]["amount"]), Decimal(breakdown["rate"]["amount"])
    assert Decimal(with_cost["cost"]["amount"]) == fee + rate
    assert _payloads(_made("sms-outbound"), "message.sent")[0]["cost"] is None
    for kind in ("sms-without-cost", "rcs-outbound"):
        without = _payloads(_made(kind), "message.finalized")[0]
        assert (without["cost"], without["cost_breakdown"]) == (None, None)
    received = _payloads(_made("sms-inbound"), "message.received")[0]
    assert (received["direction"], received["type"]) == ("inbound", "SMS")
    assert _payloads(_made("rcs-outbound"), "message.sent")[0]["type"] == "RCS"
    assert _payloads(_made("sms-failed"), "message.finalized")[0]["to"][0]["status"] == "delivery_failed"


def _events(count: int) -> list[Event]:
    return [event for activity in _made("inbound", count, CallCost("never")) for event in activity.events]


def test_without_faults_everything_is_sent_once_in_order() -> None:
    events = _events(3)
    assert plan_delivery(events, Faults(), random.Random(1)) == events


def test_loss_duplicates_and_disorder_strike_at_their_rates() -> None:
    events = _events(300)
    rng = random.Random(1)
    kept = plan_delivery(events, Faults(webhook_loss_rate=0.2), rng)
    assert 0.7 * len(events) < len(kept) < 0.9 * len(events)
    assert plan_delivery(events, Faults(webhook_loss_rate=1), rng) == []
    doubled = plan_delivery(events, Faults(webhook_duplicate_rate=1), rng)
    assert len(doubled) == 2 * len(events)
    shuffled = plan_delivery(events, Faults(webhook_disorder_rate=1), rng)
    assert shuffled != events
    assert {id(event) for event in shuffled} == {id(event) for event in events}


@pytest.mark.parametrize(
    ("product", "status", "again"),
    [
        *(
            ("calls", status, status in {408, 429, 500, 503})
            for status in (301, 400, 401, 404, 408, 429, 500, 503)
        ),
        *(("sms", status, True) for status in (301, 400, 404, 500)),
        ("sms", 204, False),
        ("calls", None, True),
        ("sms", None, True),
    ],
)
def test_what_is_tried_again(product: str, status: int | None, again: bool) -> None:
    kind = "inbound" if product == "calls" else "sms-inbound"
    assert is_retried(_made(kind)[0].events[0], status) is again


def test_a_live_call_hangs_up_after_its_time() -> None:
    events = _made("inbound", call_cost=CallCost("after-hangup"))[0].events
    assert live_delays(events, 6.0) == [0.0, 3.0, 6.0, 7.0]
    assert live_delays(events, 0.0) == [0.0] * 4
    message = _made("sms-outbound")[0].events
    assert live_delays(message, 6.0) == [6.0, 7.0]


def test_every_kind_of_call_has_a_name_in_kebab_case() -> None:
    assert len(CALL_KINDS) == 15
    assert all(name == name.lower() and "_" not in name for name in CALL_KINDS)
