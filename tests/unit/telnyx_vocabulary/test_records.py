"""Rows of the Detail Records API: every field by its type's own name, and never a 0 for what cannot be read."""

import hashlib
import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.money import Money
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import RECORD_TYPES, RecordType, find_record_type
from services.telnyx_vocabulary.records import RowPage, UnreadablePage, decode_rows, read_record

OBSERVED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

SIP_TRUNKING = {
    "record_type": "sip-trunking",
    "id": "6f1d0c1e-0000-4000-8000-000000000001",
    "call_control_id": "v3:synthetic-control-id",
    "telnyx_session_id": "6f1d0c1e-0000-4000-8000-000000000002",
    "sip_call_id": "sip-1@example.test",
    "call_leg_id": "6f1d0c1e-0000-4000-8000-00000000dec0",
    "started_at": "2026-11-22T11:00:00Z",
    "answered_at": "2026-11-22T11:00:05Z",
    "finished_at": "2026-11-22T11:02:48Z",
    "direction": "outgoing",
    "cli": "+12025550101",
    "cld": "sip:agent@example.test",
    "cost": "0.0150",
    "rate": "0.005",
    "currency": "USD",
    "billed_sec": 180,
    "call_sec": 163,
    "is_telnyx_billable": True,
    "connection_id": 1234567890123456789,
    "country_code": "US",
    "tags": ["campaign-1", "vip"],
    "routing_revision": 3,
}


def of_type(name: str) -> RecordType:
    found = find_record_type(name)
    assert found is not None
    return found


def read(fields: object, type_name: str = "sip-trunking") -> DetailRecord:
    return read_record(json.dumps(fields).encode(), of_type(type_name), OBSERVED_AT)


def test_a_whole_record_is_read() -> None:
    raw = json.dumps(SIP_TRUNKING).encode()
    assert read(SIP_TRUNKING) == DetailRecord(
        record_type="sip-trunking",
        record_id="6f1d0c1e-0000-4000-8000-000000000001",
        observed_at=OBSERVED_AT,
        record_time=datetime(2026, 11, 22, 11, 0, tzinfo=UTC),
        answered_at=datetime(2026, 11, 22, 11, 0, 5, tzinfo=UTC),
        finished_at=datetime(2026, 11, 22, 11, 2, 48, tzinfo=UTC),
        session_id="6f1d0c1e-0000-4000-8000-000000000002",
        call_control_id="v3:synthetic-control-id",
        leg_id="",
        sip_call_id="sip-1@example.test",
        direction="outbound",
        from_number="+12025550101",
        to_number="sip:agent@example.test",
        cost=Money("USD", 15_000_000),
        rate="0.005",
        billed_seconds=180,
        call_seconds=163,
        connection_id="1234567890123456789",
        country_code="US",
        tags=("campaign-1", "vip"),
        raw=raw,
    )


@pytest.mark.parametrize(
    ("written", "nanos"),
    [
        ('"1.666E-4"', 166_600),
        ('"7.0E-7"', 700),
        ('"0"', 0),
        ('"-0.02"', -20_000_000),
        ("0.3", 300_000_000),
        ("2.5e-3", 2_500_000),
    ],
)
def test_amounts_are_exact(written: str, nanos: int) -> None:
    raw = f'{{"id": "a", "started_at": "2026-11-22T11:00:00Z", "cost": {written}}}'.encode()
    record = read_record(raw, of_type("sip-trunking"), OBSERVED_AT)
    assert record.cost == Money("USD", nanos)
    assert record.unreadable == ()


@pytest.mark.parametrize(
    "written",
    [
        '"NaN"',
        '"1E+2000000"',
        '"1_000"',
        '"free"',
        '""',
        "null",
        "true",
        "0.30000000000000004",
        '"1e10"',
        "[1]",
    ],
)
def test_an_amount_that_cannot_be_read_is_named_and_not_0(written: str) -> None:
    raw = f'{{"id": "a", "started_at": "2026-11-22T11:00:00Z", "cost": {written}}}'.encode()
    record = read_record(raw, of_type("sip-trunking"), OBSERVED_AT)
    assert record.cost is None
    assert [sentence.partition(":")[0] for sentence in record.unreadable] == ["cost"]


def test_an_amount_in_an_unreadable_currency_is_not_read() -> None:
    record = read(SIP_TRUNKING | {"currency": "usd"})
    assert record.cost is None
    assert record.unreadable == ("cost: not a currency code: 'usd'",)


@pytest.mark.parametrize("entry", RECORD_TYPES, ids=lambda entry: entry.name)
def test_every_type_is_read_by_its_own_field_names(entry: RecordType) -> None:
    ids = {
        entry.session_field: "session",
        entry.call_control_field: "control",
        entry.leg_field: "leg",
        entry.sip_call_field: "sip",
    }
    row = {
        **{field: value for field, value in ids.items() if field},
        entry.id_field: "record",
        entry.time_field: "2026-11-22T11:00:00Z",
        entry.amount_field: "0.002",
    }
    record = read(row, entry.name)
    assert record.unreadable == ()
    assert (record.record_type, record.record_id) == (entry.name, "record")
    assert record.record_time == datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    assert record.cost == (Money("USD", 2_000_000) if entry.has_money else None)
    assert record.session_id == ("session" if entry.session_field else "")
    assert record.call_control_id == ("control" if entry.call_control_field else "")
    assert record.leg_id == ("leg" if entry.leg_field else "")
    assert record.sip_call_id == ("sip" if entry.sip_call_field else "")


def test_an_empty_row_says_what_is_missing() -> None:
    record = read({}, "verify")
    assert record.record_id == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    assert record.unreadable == (
        "id: a record without a readable id",
        "created_at: missing",
        "verify_usage_fee: missing",
    )


def test_a_type_without_money_misses_none() -> None:
    record = read({"id": "a", "started_at": "2026-11-22T11:00:00Z"}, "conference")
    assert (record.cost, record.unreadable) == (None, ())


def test_a_message_is_read_with_its_fee_and_parties() -> None:
    row = {
        "record_type": "message_detail_record",
        "uuid": "m-1",
        "created_at": "2026-11-22T11:00:00.123456Z",
        "direction": "inbound",
        "from": {"phone_number": "+12025550101"},
        "to": [{"phone_number": "+12025550102", "status": "delivered"}],
        "cost": "0.0051",
        "carrier_fee": "0.00305",
        "currency": "EUR",
        "tags": "a, b,",
    }
    record = read(row, "messaging")
    assert record.unreadable == ()
    assert (record.record_id, record.direction) == ("m-1", "inbound")
    assert (record.from_number, record.to_number) == ("+12025550101", "+12025550102")
    assert (record.cost, record.carrier_fee) == (Money("EUR", 5_100_000), Money("EUR", 3_050_000))
    assert record.tags == ("a", "b")


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("billed_sec", -60, "billed_sec: not a whole number: '-60'"),
        ("call_sec", 10**8, "call_sec: longer than a year: 100000000"),
        ("started_at", "yesterday", "started_at: not an RFC 3339 time: 'yesterday'"),
        ("direction", "sideways", "direction: not a direction: 'sideways'"),
        ("is_telnyx_billable", "maybe", "is_telnyx_billable: neither true nor false"),
        ("telnyx_session_id", "x" * 300, "telnyx_session_id: longer than 255 characters"),
        ("cli", "+1\u0000", "cli: longer than 255 characters, or with a NUL among them"),
    ],
)
def test_one_unreadable_field_does_not_spoil_the_others(field: str, value: object, complaint: str) -> None:
    record = read(SIP_TRUNKING | {field: value})
    assert len(record.unreadable) == 1
    assert record.unreadable[0].startswith(complaint)
    assert record.cost == Money("USD", 15_000_000)
    assert "\0" not in record.from_number


def test_what_is_not_billable_says_so() -> None:
    assert read(SIP_TRUNKING | {"is_telnyx_billable": False}).is_billable is False
    assert read(SIP_TRUNKING | {"is_telnyx_billable": "false"}).is_billable is False
    assert read(SIP_TRUNKING | {"is_telnyx_billable": None}).is_billable is True


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELD_NAMES = sorted(SIP_TRUNKING)
ROWS = st.dictionaries(st.sampled_from(FIELD_NAMES) | st.text(max_size=12), JSON_VALUES, max_size=20)


@given(row=ROWS | JSON_VALUES, entry=st.sampled_from(RECORD_TYPES))
def test_no_json_makes_it_raise(row: object, entry: RecordType) -> None:
    record = read_record(json.dumps(row).encode(), entry, OBSERVED_AT)
    assert 1 <= len(record.record_id) <= 255
    assert record.cost is not None or record.unreadable or not entry.has_money
    assert record.record_time is not None or record.unreadable
    assert all(len(sentence) <= 200 for sentence in record.unreadable)


@given(raw=st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert read_record(raw, RECORD_TYPES[0], OBSERVED_AT).unreadable


@given(
    cost=st.decimals(min_value=-1000, max_value=1000, places=9), form=st.sampled_from(["{}", "{:E}", "{:f}"])
)
def test_every_amount_to_the_nano_is_kept_as_it_is(cost: Decimal, form: str) -> None:
    record = read(SIP_TRUNKING | {"cost": form.format(cost)})
    assert record.cost == Money("USD", int(cost.scaleb(9)))


def test_the_most_hostile_row_takes_no_time() -> None:
    """Large numbers, long texts and deep nesting are refused by their length, not worked through."""
    hostile = (
        b'{"id": "a", "cost": '
        + b"9" * 200_000
        + b', "tags": ['
        + b'"x",' * 50_000
        + b'"x"], "billed_sec": 1e999999999,'
        b'"cli": ' + b"[" * 50_000 + b"]" * 50_000 + b', "rate": "' + b"1" * 200_000 + b'"}'
    )
    started_s = time.process_time()
    record = read_record(hostile, of_type("sip-trunking"), OBSERVED_AT)
    assert time.process_time() - started_s < 1
    assert record.cost is None


def test_a_page_is_taken_apart_without_reading_its_rows() -> None:
    meta = b'{"total_pages": 2, "total_results": 52, "page_number": 1, "page_size": 50}'
    body = b'{"data": [{"id": 1.10}, 7], "meta": ' + meta + b"}"
    assert decode_rows(body) == RowPage(
        rows=(b'{"id": 1.10}', b"7"), page_number=1, total_pages=2, total_results=52
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"data": []}',
        b'{"data": {}, "meta": {"total_pages": 1, "total_results": 1, "page_number": 1}}',
        b'{"data": [], "meta": {"total_pages": 1, "total_results": -1, "page_number": 1}}',
        b'{"data": [{"id": "a"}',
        b'{"errors": [{"code": "10011"}]}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadablePage):
        decode_rows(body)
