"""Every form of webhook that Telnyx was seen to send, and every form of nonsense."""

import hashlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.common.money import Money
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart, MessageFacts, WebhookEvent
from services.telnyx_vocabulary.webhook_events import read_event
from services.telnyx_vocabulary.wire import decode_event, encode_event

RECEIVED_AT = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
CALL_IDS = {
    "call_control_id": "v3:c0n7r01-AAAA_bbbb",
    "call_leg_id": "5b2c0f6e-0000-4000-8000-000000000001",
    "call_session_id": "5b2c0f6e-0000-4000-8000-000000000002",
    "connection_id": "1494404757140276705",
}


def usd(nanos: int) -> Money:
    return Money("USD", nanos)


def body_of(event_type: str, payload: dict[str, Any], **fields: Any) -> bytes:
    data = {
        "record_type": "event",
        "event_type": event_type,
        "id": "0ccc7b54-0000-4000-8000-000000000003",
        "occurred_at": "2026-11-22T12:00:00.123456Z",
        "payload": payload,
        **fields,
    }
    return json.dumps(
        {"data": data, "meta": {"attempt": 1, "delivered_to": "https://example.test/x"}}
    ).encode()


def read(body: bytes) -> WebhookEvent:
    return read_event(body, RECEIVED_AT, False)


def test_a_hangup_tells_who_called_whom_and_when() -> None:
    body = body_of(
        "call.hangup",
        {
            **CALL_IDS,
            "client_state": "aGVsbG8=",
            "direction": "incoming",
            "from": "+12025550131",
            "to": "sip:agent@example.test",
            "start_time": "2026-11-22T11:57:00Z",
            "end_time": "2026-11-22T12:00:00Z",
            "hangup_cause": "normal_clearing",
            "tags": ["north", "", 7],
            "call_quality_stats": {"inbound": {"mos": "4.50"}},
        },
    )
    assert read_event(body, RECEIVED_AT, True) == WebhookEvent(
        event_id="0ccc7b54-0000-4000-8000-000000000003",
        event_type="call.hangup",
        occurred_at=datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC),
        received_at=RECEIVED_AT,
        quarantined=True,
        session_id="5b2c0f6e-0000-4000-8000-000000000002",
        call_control_id="v3:c0n7r01-AAAA_bbbb",
        leg_id="5b2c0f6e-0000-4000-8000-000000000001",
        connection_id="1494404757140276705",
        client_state="aGVsbG8=",
        direction="inbound",
        from_number="+12025550131",
        to_number="sip:agent@example.test",
        started_at=datetime(2026, 11, 22, 11, 57, tzinfo=UTC),
        ended_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        hangup_cause="normal_clearing",
        tags=("north", "7"),
        raw=body,
    )


def test_the_inner_object_may_stand_at_the_root_with_created_at() -> None:
    event = read(
        b'{"event_type": "call.answered", "id": "e1", "created_at": "2026-11-22T11:59:00Z",'
        b' "payload": {"call_control_id": "v2:x"}}'
    )
    assert (event.event_id, event.event_type, event.call_control_id) == ("e1", "call.answered", "v2:x")
    assert event.occurred_at == datetime(2026, 11, 22, 11, 59, tzinfo=UTC)


def test_data_that_is_no_object_leaves_the_root_to_speak() -> None:
    assert read(b'{"data": null, "event_type": "call.bridged", "id": "e2"}').event_type == "call.bridged"


def test_without_an_id_the_body_names_the_event() -> None:
    body = body_of("call.initiated", CALL_IDS, id=None)
    assert read(body).event_id == "sha256:" + hashlib.sha256(body).hexdigest()


def test_without_a_time_the_event_happened_when_it_came() -> None:
    event = read(body_of("call.initiated", CALL_IDS, occurred_at="soon"))
    assert event.occurred_at == RECEIVED_AT
    assert event.unreadable == ("occurred_at: not an RFC 3339 time: 'soon'",)


def test_an_unknown_event_is_kept_with_its_ids() -> None:
    event = read(body_of("call.something.new", CALL_IDS))
    assert event.event_type == "call.something.new"
    assert event.session_id == CALL_IDS["call_session_id"]
    assert event.call_cost is None
    assert event.message is None


def test_a_recording_is_told_by_its_id() -> None:
    assert (
        read(body_of("call.recording.saved", {**CALL_IDS, "recording_id": "rec-1"})).recording_id == "rec-1"
    )


TODAY = {
    "status": "success",
    "billed_duration_secs": 180,
    "cost_parts": [
        {
            "call_part": "sip-trunking",
            "cost": "0.0150",
            "rate": "0.005",
            "currency": "USD",
            "billed_duration_secs": 180,
        },
        {
            "call_part": "call-recording",
            "cost": "1.666E-4",
            "rate": "7.0E-7",
            "currency": "USD",
            "billed_duration_secs": "180",
        },
    ],
    "total_cost": "0.0151666",
}
TODAY_READ = CallCost(
    status="success",
    total=usd(15_166_600),
    parts=(
        CostPart(record_type="sip-trunking", cost=usd(15_000_000), rate="0.005", billed_seconds=180),
        CostPart(record_type="recording", cost=usd(166_600), rate="7.0E-7", billed_seconds=180),
    ),
)
OLDER = {
    "status": "valid",
    "cost_parts": [{"type": "call-control", "cost": 0.002, "rate": 0.002, "currency": "EUR"}],
    "total_cost": 0.002,
}
OLDER_READ = CallCost(
    status="valid",
    total=Money("EUR", 2_000_000),
    parts=(CostPart(record_type="call-control", cost=Money("EUR", 2_000_000), rate="0.002"),),
)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(TODAY, TODAY_READ, id="today"),
        pytest.param(OLDER, OLDER_READ, id="older, parts keyed type, JSON numbers"),
        pytest.param(
            {"cost": {"amount": "0.1", "currency": "GBP"}}, CallCost(total=Money("GBP", 10**8)), id="flat"
        ),
        pytest.param({"amount": 0.1, "currency": "USD"}, CallCost(total=usd(10**8)), id="amount"),
        pytest.param({"cost": "0.3"}, CallCost(total=usd(3 * 10**8)), id="bare cost"),
        pytest.param({"status": "error"}, CallCost(status="error"), id="error"),
        pytest.param(
            {"status": "error", "total_cost": None, "cost_parts": None}, CallCost(status="error"), id="nulls"
        ),
        pytest.param({}, CallCost(), id="nothing"),
        pytest.param(
            {"cost_parts": [{"call_part": "moonbeam", "cost": "1"}]},
            CallCost(parts=(CostPart(record_type="moonbeam", cost=usd(10**9)),)),
            id="unknown part",
        ),
    ],
)
def test_call_cost_in_all_its_forms(payload: dict[str, Any], expected: CallCost) -> None:
    event = read(body_of("call.cost", {**CALL_IDS, **payload}))
    assert event.call_cost == expected
    assert event.unreadable == ()


def test_a_json_number_is_read_to_its_last_digit() -> None:
    event = read(b'{"event_type": "call.cost", "payload": {"total_cost": 900719.925474993}}')
    assert event.call_cost == CallCost(total=usd(900_719_925_474_993))


def test_an_amount_out_of_all_proportion_is_unreadable() -> None:
    event = read(b'{"event_type": "call.cost", "payload": {"total_cost": "1000000.000000001"}}')
    assert event.call_cost == CallCost()
    assert event.unreadable == ("total_cost: no single charge is that large",)


def test_parts_of_several_currencies_have_no_total() -> None:
    parts = [{"call_part": "a", "cost": "1", "currency": code} for code in ("USD", "EUR")]
    event = read(body_of("call.cost", {"cost_parts": parts, "total_cost": "2"}))
    assert event.call_cost is not None
    assert event.call_cost.total is None
    assert [part.cost for part in event.call_cost.parts] == [usd(10**9), Money("EUR", 10**9)]
    assert event.unreadable == ("total_cost: adds up parts of several currencies",)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ('"NaN"', "cost_parts[0].cost: not a decimal number"),
        ('"1E+2000000"', "cost_parts[0].cost: "),
        ("1E+2000000", "cost_parts[0].cost: "),
        ('"0.0000000001"', "cost_parts[0].cost: more than 9 decimals"),
        ('"99999999999999999999"', "cost_parts[0].cost: too large"),
        ('"1_000"', "cost_parts[0].cost: not a decimal number"),
        ('"\uff11\uff12"', "cost_parts[0].cost: not a decimal number"),
        ("true", "cost_parts[0].cost: "),
        ("[]", "cost_parts[0].cost: "),
        ("null", "cost_parts[0].cost: missing"),
        ('{"amount": "x", "currency": "USD"}', "cost_parts[0].cost: not a decimal number"),
        ('{"amount": "1", "currency": "dollars"}', "cost_parts[0].cost: not a currency code"),
    ],
)
def test_an_amount_that_cannot_be_read_is_said_and_is_not_zero(amount: str, reason: str) -> None:
    body = f'{{"event_type": "call.cost", "payload": {{"cost_parts": [{{"call_part": "x", "cost": {amount}}}]}}}}'
    event = read(body.encode())
    assert event.call_cost == CallCost(parts=(CostPart(record_type="x", cost=None),))
    assert event.unreadable[0].startswith(reason)


def test_an_old_hangup_with_a_cost_counts_as_a_flat_call_cost() -> None:
    event = read(body_of("call.hangup", {**CALL_IDS, "cost": {"amount": "0.02", "currency": "USD"}}))
    assert event.call_cost == CallCost(total=usd(20_000_000))
    assert read(body_of("call.hangup", {**CALL_IDS, "cost": None})).call_cost is None
    assert read(body_of("call.hangup", CALL_IDS)).call_cost is None


MESSAGE = {
    "id": "40385f64-0000-4000-8000-000000000004",
    "direction": "outbound",
    "type": "SMS",
    "from": {"phone_number": "+12025550100", "carrier": "Example"},
    "to": [
        {"phone_number": "+12025550131", "status": "delivered"},
        {"phone_number": "+12025550132", "status": "sending_failed"},
    ],
    "parts": 2,
    "cost": {"amount": "0.0051", "currency": "USD"},
    "cost_breakdown": {
        "carrier_fee": {"amount": "0.00305", "currency": "USD"},
        "rate": {"amount": "0.00205", "currency": "USD"},
    },
    "completed_at": "2026-11-22T11:59:59.000+00:00",
    "text": "never looked at",
    "errors": [],
}


def test_a_finalized_message_tells_its_price() -> None:
    event = read(body_of("message.finalized", MESSAGE))
    assert event.message == MessageFacts(
        message_id="40385f64-0000-4000-8000-000000000004",
        direction="outbound",
        from_number="+12025550100",
        to_number="+12025550131",
        part_count=2,
        status="delivered",
        total=usd(5_100_000),
        carrier_fee=usd(3_050_000),
        completed_at=datetime(2026, 11, 22, 11, 59, 59, tzinfo=UTC),
    )
    assert (event.direction, event.from_number, event.to_number) == (
        "outbound",
        "+12025550100",
        "+12025550131",
    )
    assert event.unreadable == ()


@pytest.mark.parametrize("unpriced", [{"cost": None, "cost_breakdown": None}, {"cost": {"amount": None}}])
def test_a_message_that_telnyx_has_not_priced_has_no_total(unpriced: dict[str, Any]) -> None:
    event = read(body_of("message.sent", {**MESSAGE, "cost_breakdown": None, **unpriced}))
    assert event.message is not None
    assert (event.message.total, event.message.carrier_fee) == (None, None)
    assert event.unreadable == ()


def test_a_received_message_is_inbound_even_where_it_does_not_say_so() -> None:
    event = read(body_of("message.received", {"id": "m1", "from": "+12025550131", "to": "+12025550100"}))
    assert event.message is not None
    assert event.message.direction == event.direction == "inbound"
    assert (event.message.from_number, event.message.to_number) == ("+12025550131", "+12025550100")


def test_a_message_without_an_id_is_kept_as_an_event_only() -> None:
    event = read(body_of("message.finalized", {**MESSAGE, "id": None}))
    assert event.message is None
    assert event.unreadable == ("payload.id: a message without an id",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"data": {}}',
        b'{"data": {"event_type": ""}}',
        b'{"event_type": {"a": 1}}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b"[" * 1_000_000,
        b'{"data":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        b'{"event_type": "call.hangup", "payload": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}",
        b'{"event_type": "x\\u0000y"}',
        b'{"event_type": "' + b"x" * 256 + b'"}',
        b'{"event_type": "\\ud800"}',
        b'{"a": NaN, "event_type": "call.hangup"}',
        b"<html>502</html>",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_no_event_is_kept_as_unreadable(body: bytes) -> None:
    event = read(body)
    assert event.event_type == "unreadable"
    assert event.event_id == "sha256:" + hashlib.sha256(body).hexdigest()
    assert event.occurred_at == event.received_at == RECEIVED_AT
    assert event.unreadable
    assert event.raw == body


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    event = read(b'{"event_type": "a", "event_type": "b", "payload": {"call_leg_id": "1"}, "payload": {}}')
    assert (event.event_type, event.leg_id) == ("b", "")


def test_one_bad_field_does_not_spoil_the_others() -> None:
    event = read(
        body_of(
            "call.hangup",
            {
                **CALL_IDS,
                "call_leg_id": {"not": "an id"},
                "start_time": "0001-01-01T00:00:00Z",
                "end_time": 1732276800,
                "tags": "north",
                "direction": "sideways",
                "hangup_cause": "x" * 256,
                "client_state": "y" * 4096,
            },
        )
    )
    assert event.session_id == CALL_IDS["call_session_id"]
    assert (event.leg_id, event.started_at, event.ended_at, event.tags) == ("", None, None, ())
    assert (event.direction, event.hangup_cause, len(event.client_state)) == ("", "", 4096)
    assert {sentence.split(":")[0] for sentence in event.unreadable} == {
        "call_leg_id",
        "start_time",
        "end_time",
        "tags",
        "direction",
        "hangup_cause",
    }


def test_lists_and_faults_are_bounded() -> None:
    parts = [{"cost": "?"}] * 60
    many = read(body_of("call.cost", {"cost_parts": parts}))
    assert len(many.unreadable) == 50
    assert all(len(sentence) <= 200 for sentence in many.unreadable)
    too_many = read(body_of("call.cost", {"cost_parts": [{"call_part": "x", "cost": "1"}] * 101}))
    assert too_many.call_cost == CallCost()
    assert too_many.unreadable == ("cost_parts: more than 100 items",)


TEXTS = st.text('ab01.-+E:{}[]"\\\0\u00e9\U0001f600\ud800', max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    sorted(
        {*CALL_IDS, *TODAY, *MESSAGE, "amount", "currency", "tags", "start_time", "end_time", "recording_id"}
        | {"client_state", "hangup_cause"}
    )
)
EVENT_TYPES = st.sampled_from(
    ["call.hangup", "call.cost", "message.finalized", "message.received", "call.new"]
)
ENVELOPES = st.dictionaries(
    st.sampled_from(["id", "event_type", "occurred_at", "created_at"]), VALUES, max_size=2
)
BODIES = st.builds(
    lambda event_type, payload, envelope: json.dumps(
        {"data": {"event_type": event_type, "payload": payload, **envelope}}
    ).encode(),
    EVENT_TYPES,
    st.dictionaries(FIELDS, VALUES, max_size=8) | VALUES,
    ENVELOPES,
)


def assert_read_and_storable(body: bytes) -> None:
    event = read(body)
    # Whatever came in fits the wire, unchanged, and is read the same way again.
    assert decode_event(encode_event(event)) == event
    assert event.event_id
    assert event.event_type
    assert event.raw == body
    # The thread's own time, and the best of three: a busy machine is no fault of the reader.
    assert min(_seconds_to_read(body) for _ in range(3)) < 0.01


def _seconds_to_read(body: bytes) -> float:
    started_s = time.thread_time()
    read(body)
    return time.thread_time() - started_s


@settings(max_examples=500)
@given(st.binary(max_size=4096))
@example(b'{"event_type": "call.cost", "payload": {"total_cost": 1e999999999}}')
@example(b'{"event_type": "call.cost", "payload": {"total_cost": ' + b"9" * 4000 + b"}}")
def test_any_bytes_are_read_without_an_error_and_quickly(body: bytes) -> None:
    assert_read_and_storable(body)


@settings(max_examples=500)
@given(BODIES)
def test_any_fields_are_read_without_an_error_and_quickly(body: bytes) -> None:
    assert_read_and_storable(body)


def test_the_largest_bodies_are_read_quickly() -> None:
    rows = b",".join(b'{"cost":1.5}' for _ in range(75_000))
    keys = b",".join(b'"k%d":1.5' % number for number in range(70_000))
    for filling in (b'"cost_parts":[' + rows + b"]", keys, b'"total_cost":"' + b"1" * 900_000 + b'"'):
        body = b'{"event_type":"call.cost","payload":{' + filling + b"}}"
        assert read(body).event_type == "call.cost"
        assert min(_seconds_to_read(body) for _ in range(3)) < 0.05
