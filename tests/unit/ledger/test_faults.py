"""What is odd about a fact is named in words that can be counted; none of it changes what the fact is worth."""

import json
from dataclasses import replace
from typing import Any

import pytest

from services.ledger.faults import (
    CREDIT,
    FUTURE,
    OTHER_CONTENT,
    event_fault,
    fault_of,
    reasons_of,
    record_fault,
)
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.records import read_record
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.webhook_events import read_event
from tests.unit.ledger.builders import CUSTOMER, DAY, HOUR, at, sip_trunking

SOUND = sip_trunking(CUSTOMER)
SEEN_AT = SOUND.observed_at


def reasons(**row: Any) -> list[str]:
    """The faults of a `sip-trunking` row with these fields in place of sound ones; None leaves a field out."""
    known = find_record_type("sip-trunking")
    assert known is not None
    fields = json.loads(SOUND.raw) | row
    raw = json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
    return reasons_of(record_fault(read_record(raw, known, SEEN_AT), SEEN_AT, 1, "USD"))


def test_a_sound_record_has_no_fault() -> None:
    assert record_fault(SOUND, SEEN_AT, 1, "USD") == ""


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"cost": "0.0051234567891"}, "cost: more than 9 decimals"),
        ({"cost": None}, "cost: missing"),
        ({"cost": "NaN"}, "cost: not a decimal number"),
        ({"currency": "EUR"}, "currency: EUR rather than the account's USD"),
        ({"cost": "-0.5"}, f"cost: {CREDIT}"),
        ({"id": None}, "id: a record without a readable id"),
        ({"started_at": "2026-11-21T10:00:00"}, "started_at: names no time zone, read as UTC"),
        ({"started_at": "yesterday"}, "started_at: not an RFC 3339 time"),
        ({"started_at": None}, "started_at: missing"),
        ({"started_at": "2027-02-01T00:00:00Z"}, f"record time: {FUTURE}"),
    ],
    ids=str,
)
def test_bad_input_is_named_by_its_field(row: dict[str, Any], reason: str) -> None:
    assert reasons(**row) == [reason]


def test_a_record_that_came_back_with_another_content_is_named() -> None:
    assert reasons_of(record_fault(SOUND, SEEN_AT, 2, "USD")) == [OTHER_CONTENT]


def test_a_record_without_an_amount_is_named_also_when_nobody_said_so() -> None:
    assert record_fault(replace(SOUND, cost=None), SEEN_AT, 1, "USD") == "it has no amount"


def test_a_clock_that_is_off_by_less_than_a_day_is_no_fault() -> None:
    assert record_fault(replace(SOUND, record_time=at(23 * HOUR)), at(0), 1, "USD") == ""
    assert record_fault(replace(SOUND, record_time=at(DAY + 1)), at(0), 1, "USD") == f"record time: {FUTURE}"


def _event(**payload: Any) -> WebhookEvent:
    body = {"data": {"id": "one", "event_type": "call.cost", "payload": payload}}
    return read_event(json.dumps(body).encode(), at(0), quarantined=False)


def test_events_are_named_in_the_same_words() -> None:
    parts = [{"call_part": "sip-trunking", "cost": "0.0051234567891"}] * 2
    fault = event_fault(
        _event(cost_parts=parts, total_cost="-1.5", currency="EUR"), "USD", has_other_content=True
    )
    assert reasons_of(fault) == [
        "cost_parts[].cost: more than 9 decimals",
        "currency: EUR rather than the account's USD",
        f"cost: {CREDIT}",
        OTHER_CONTENT,
    ]
    early = replace(_event(total_cost="1.5"), occurred_at=at(2 * DAY))
    assert event_fault(early, "USD", has_other_content=False) == f"occurred_at: {FUTURE}"


def test_a_fault_tells_no_value_and_fits_an_index() -> None:
    assert fault_of(["to[0]: not a number: '+12025550131'", "to[7]: not a number: 'sip:x'"]) == (
        "to[]: not a number"
    )
    assert len(fault_of(f"field {number}: missing" for number in range(1000))) <= 300
    assert reasons_of("") == []
