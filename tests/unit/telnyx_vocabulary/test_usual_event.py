"""The quick reader of webhooks and the careful one tell the same of every body: this is the front door of the money."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telnyx_vocabulary.usual_event import read_usual_event
from services.telnyx_vocabulary.webhook_events import read_any_event, read_event
from tests.sandbox.call_cost import CallCost
from tests.sandbox.calls import CALL_KINDS, make_call
from tests.sandbox.messages import MESSAGE_KINDS, make_message

RECEIVED_AT = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


def _sandbox_bodies() -> list[dict[str, Any]]:
    rng = random.Random(29)
    calls = [make_call(kind, rng, RECEIVED_AT, CallCost("after-hangup")) for kind in CALL_KINDS]
    messages = [make_message(kind, rng, RECEIVED_AT) for kind in MESSAGE_KINDS]
    return [event.body for activity in (*calls, *messages) for event in activity.events]


SANDBOX_BODIES = _sandbox_bodies()


def agree(body: bytes) -> bool:
    """Whether the quick reader took the body; fails where it read another event than the careful one."""
    quick = read_usual_event(body, RECEIVED_AT, True)
    careful = read_any_event(body, RECEIVED_AT, True)
    assert quick in (None, careful)
    assert read_event(body, RECEIVED_AT, True) == careful
    return quick is not None


def test_what_telnyx_usually_sends_is_read_quickly() -> None:
    unread = [body for body in SANDBOX_BODIES if not agree(json.dumps(body).encode())]
    assert unread == []
    assert {str(body["data"]["event_type"]) for body in SANDBOX_BODIES} >= {
        "call.initiated",
        "call.answered",
        "call.hangup",
        "call.cost",
        "message.finalized",
        "message.received",
    }


USUAL = {
    "data": {
        "event_type": "call.cost",
        "id": "e1",
        "occurred_at": "2026-11-22T12:00:00.123456Z",
        "payload": {
            "id": "m1",
            "call_leg_id": "leg",
            "direction": "incoming",
            "from": {"phone_number": "+12025550131"},
            "to": [{"phone_number": "+12025550100", "status": "delivered"}],
            "start_time": "2026-11-22T11:57:00Z",
            "end_time": "2026-11-22T11:58:00.000+00:00",
            "tags": ["north", "", None],
            "parts": 2,
            "status": "success",
            "cost_parts": [{"call_part": "sip-trunking", "cost": "0.015", "billed_duration_secs": 180}],
            "total_cost": "0.015",
            "cost": {"amount": "0.0051", "currency": "USD"},
            "cost_breakdown": {"carrier_fee": {"amount": "0.00305", "currency": "USD"}},
            "completed_at": "2026-11-22T11:59:59.000+00:00",
        },
    }
}
EVENT_TYPES = ["call.cost", "call.hangup", "message.finalized"]


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        found for key, item in inner for found in ((*path, key), *places(item, (*path, key))) if found != path
    ]


def changed(value: Any, path: tuple[str | int, ...], change: Callable[[Any], str]) -> str:
    """The JSON text of a value in which what stands at `path` is written as `change` says."""
    if not path:
        return change(value)
    if isinstance(value, dict):
        items = (
            f"{json.dumps(key)}:{changed(item, path[1:], change) if key == path[0] else json.dumps(item)}"
            for key, item in value.items()
        )
        return "{" + ",".join(items) + "}"
    listed = (
        changed(item, path[1:], change) if index == path[0] else json.dumps(item)
        for index, item in enumerate(value)
    )
    return "[" + ",".join(listed) + "]"


def written_as(text: str) -> Callable[[Any], str]:
    """In place of the value."""
    return lambda _: text


def written_after(text: str, key: str) -> Callable[[Any], str]:
    """The value, after another under the same key."""
    return lambda value: f"{text},{json.dumps(key)}:{json.dumps(value)}"


_ODD_WORDS = r"""
null true false 0 -0 1 -1 2.0 2. 1e2 1E+2000000 NaN 0.0151666 1234567890 { }
"" "0" "-0" "1e-4" "1E+2000000" "NaN" "1_000" "\uff11" "-0.015" "180" "180.0" "9999999999"
"0.0000000001" "1000000" "1000000.000000001"
{} [] [[]] [{}] [null] ["x"] {"amount":null} {"amount":0.5,"currency":"EUR"} {"phone_number":7}
{"amount":"1","currency":"dollars"} {"amount":"1","currency":""}
"2026-11-22T12:00:00" "2026-11-22T12:00:00.1234567Z" "2026-11-22t12:00:00z" "2026-11-22T12:00:00+01:00"
"2026-W47-7T12:00:00Z" "2026-13-22T12:00:00Z" "2026-11-22T24:00:00Z" "1999-12-31T23:59:59Z" "soon"
"2099-12-31T23:59:59.999999Z" "2100-01-01T00:00:00Z" "2026-11-22T12:00:60Z" "2026-11-22T12:00:00,123Z"
"2026-11-22T12:00:00.12Z"
"inbound" "outgoing" "sideways" "call.hangup" "message.sent" "EUR" "call-recording"
"a\u0000b" "a\\u0000b" "\ud800" "\ud83d\ude00" "\n" "\x"
"""
ODD_VALUES = [
    *_ODD_WORDS.split(),
    *('" "', '"2026-11-22 12:00:00Z"', '"\u00e9"', '"\x01"', '"\uff11"'),
    *(json.dumps("x" * length) for length in (255, 256, 4096, 4097)),
    *(json.dumps("\u00e9" * length, ensure_ascii=False) for length in (255, 256)),
    *(json.dumps(["t"] * length) for length in (100, 101)),
    json.dumps([{}] * 101),
    '{"a":' * 200 + "1" + "}" * 200,
]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


ODD_JSON = [json.loads(text) for text in ODD_VALUES if _is_json(text)]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_each_field_written_in_each_odd_way(event_type: str) -> None:
    usual = {"data": {**USUAL["data"], "event_type": event_type}}
    taken = 0
    for place in places(usual):
        for odd in ODD_VALUES:
            taken += agree(changed(usual, place, written_as(odd)).encode())
        # Of a key that comes twice the last counts, for both.
        if isinstance(place[-1], str):
            for odd in ODD_VALUES:
                taken += agree(changed(usual, place, written_after(odd, place[-1])).encode())
        agree(changed(usual, place, written_as("")).encode())
    assert taken > len(ODD_VALUES)


@settings(max_examples=300)
@given(st.data())
def test_odd_values_in_several_places_of_what_telnyx_sends(data: st.DataObject) -> None:
    body: Any = data.draw(st.sampled_from([*SANDBOX_BODIES, USUAL]))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.sampled_from(places(body)))
        body = json.loads(changed(body, place, written_as(json.dumps(data.draw(st.sampled_from(ODD_JSON))))))
    agree(json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(st.sampled_from([*SANDBOX_BODIES, USUAL]), st.integers(0), st.binary(max_size=3), st.integers(0, 3))
def test_bytes_replaced_anywhere(body: dict[str, Any], at: int, put: bytes, cut: int) -> None:
    text = json.dumps(body).encode()
    at %= len(text)
    agree(text[:at] + put + text[at + cut :])


@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    agree(body)


def test_a_large_body_is_left_to_the_careful_reader() -> None:
    for size in (64 * 1024, 64 * 1024 + 1):
        text = json.dumps({"data": {**USUAL["data"], "filling": ""}})
        body = text.replace('"filling": ""', f'"filling": "{"x" * (size - len(text))}"').encode()
        assert (len(body), agree(body)) == (size, size == 64 * 1024)
