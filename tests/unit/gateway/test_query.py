"""Query parameters: what they mean, and how a wrong one is refused by name."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from gateway.filters import Range, read_filter, read_order, read_range
from gateway.parameters import number_parameter, path_id, text_parameter
from gateway.problems import Problem
from services.common.wire import optional_time
from tollbook.ledger.v1 import ledger_pb2
from tollbook.ledger.v1.book_pb2 import CHARGE_STATUS_EXACT, RECORD_KIND_SMS

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


def asked(query: str, path_params: dict[str, str] | None = None) -> Request:
    return Request(
        {"type": "http", "query_string": query.encode(), "headers": [], "path_params": path_params or {}}
    )


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Range(day(23, 10), None)),
        ("days=1", Range(day(21), None)),
        ("days=", Range(day(23, 10), None)),
        ("from=2026-11-01", Range(day(1), None)),
        ("to=2026-11-01", Range(None, day(2))),
        ("from=2026-11-01&to=2026-11-01", Range(day(1), day(2))),
        ("to=2026-11-01T00:00:00Z", Range(None, day(1))),
        ("from=2026-11-01T02:00:00%2B02:00&to=2026-11-02T00:00:00", Range(day(1), day(2))),
        ("from=2026-11-01T02:00:00+02:00&to=2026-11-02 00:00:00", Range(day(1), day(2))),
    ],
)
def test_ranges(query: str, expected: Range) -> None:
    assert read_range(asked(query), NOW) == expected


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("from=yesterday", 400, "from"),
        ("from=2026-02-30", 400, "from"),
        ("to=2026/11/01", 400, "to"),
        ("from=%D9%A2%D9%A0%D9%A2%D9%A6-11-01", 400, "from"),
        ("to=9999-12-31", 422, "to"),
        ("from=1899-12-31", 422, "from"),
        ("from=0001-01-01T00:00:00%2B01:00", 400, "from"),
        ("from=2026-11-02&to=2026-11-01", 422, "from"),
        ("from=2026-11-01T00:00:00Z&to=2026-11-01T00:00:00Z", 422, "from"),
        ("days=3&from=2026-11-01", 422, "days"),
        ("days=0", 422, "days"),
        ("days=3661", 422, "days"),
        ("days=-1", 400, "days"),
        ("days=1.5", 400, "days"),
        ("days=%D9%A3", 400, "days"),
        ("days=1&days=2", 400, "days"),
        ("recordType=fax", 400, "recordType"),
        ("recordType=call%00", 400, "recordType"),
        ("status=EXACT", 400, "status"),
        ("direction=INBOUND", 400, "direction"),
        ("direction=both", 400, "direction"),
        ("text=%00", 400, "text"),
        ("text=a&text=b", 400, "text"),
        ("text=" + "x" * 256, 400, "text"),
        ("phoneNumber=%00", 400, "phoneNumber"),
        ("phoneNumber=" + "1" * 256, 400, "phoneNumber"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(query: str, status: int, field: str) -> None:
    with pytest.raises(Problem) as refusal:
        read_filter(asked(query), NOW)
    assert (refusal.value.status, refusal.value.field) == (status, field)
    assert field in refusal.value.detail


def test_a_filter_reaches_the_ledger_whole() -> None:
    query = urlencode(
        {
            "phoneNumber": "+12025550100",
            "recordType": "sms",
            "status": "exact",
            "direction": "inbound",
            "text": " 50% off_peak ",
            "from": "2026-11-01",
            "to": "2026-11-02",
        }
    )
    wanted = read_filter(asked(query), NOW)
    assert (wanted.phone_number, wanted.kind, wanted.status) == (
        "+12025550100",
        RECORD_KIND_SMS,
        CHARGE_STATUS_EXACT,
    )
    assert (wanted.direction, wanted.text) == ("inbound", "50% off_peak")
    assert (optional_time(wanted, "from_time"), optional_time(wanted, "to_time")) == (day(1), day(3))


def test_without_a_filter_only_the_last_30_days_are_asked_for() -> None:
    wanted = read_filter(asked("recordType=all&status=all&direction=all&text="), NOW)
    assert [field.name for field, _ in wanted.ListFields()] == ["from_time"]
    assert optional_time(wanted, "from_time") == day(23, 10)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("phoneNumber=+12025550100", "+12025550100"),
        ("phoneNumber=%2B12025550100", "+12025550100"),
        ("phoneNumber=12025550100", "12025550100"),
        ("phoneNumber=sip:agent@example.test", "sip:agent@example.test"),
    ],
)
def test_a_plus_that_was_not_encoded_is_meant_all_the_same(query: str, number: str) -> None:
    assert read_filter(asked(query), NOW).phone_number == number


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ledger_pb2.CHARGE_ORDER_NEWEST),
        ("sort=", ledger_pb2.CHARGE_ORDER_NEWEST),
        ("sort=-timestamp", ledger_pb2.CHARGE_ORDER_NEWEST),
        ("sort=timestamp", ledger_pb2.CHARGE_ORDER_OLDEST),
        ("sort=-cost", ledger_pb2.CHARGE_ORDER_DEAREST),
        ("sort=cost", ledger_pb2.CHARGE_ORDER_CHEAPEST),
        ("sort=-duration", ledger_pb2.CHARGE_ORDER_LONGEST),
        ("sort=duration", ledger_pb2.CHARGE_ORDER_SHORTEST),
    ],
)
def test_orders(query: str, order: int) -> None:
    assert read_order(asked(query)) == order


@pytest.mark.parametrize("query", ["sort=price", "sort=%2Bcost", "sort=--cost", "sort=cost&sort=-cost"])
def test_an_order_that_there_is_not_is_refused(query: str) -> None:
    with pytest.raises(Problem) as refusal:
        read_order(asked(query))
    assert (refusal.value.status, refusal.value.field) == (400, "sort")


def test_a_limit_is_bounded() -> None:
    assert number_parameter(asked(""), "limit", 50, highest=1000) == 50
    assert number_parameter(asked("limit=1000"), "limit", 50, highest=1000) == 1000
    with pytest.raises(Problem) as refusal:
        number_parameter(asked("limit=1001"), "limit", 50, highest=1000)
    assert refusal.value.status == 422
    assert refusal.value.detail == "limit must be from 1 to 1000"


def test_a_number_of_any_length_is_refused_quickly() -> None:
    with pytest.raises(Problem):
        text_parameter(asked("limit=" + "9" * 100_000), "limit")


@pytest.mark.parametrize("text", ["v3:abc_-", "a/b@c", "x" * 255])
def test_ids_in_the_path(text: str) -> None:
    assert path_id(asked("", {"id": text})) == text


@pytest.mark.parametrize(
    ("text", "status", "field"),
    [("", 404, ""), ("x" * 256, 400, "id"), ("a\0b", 400, "id"), ("a\nb", 400, "id")],
)
def test_what_can_be_no_id_is_refused(text: str, status: int, field: str) -> None:
    with pytest.raises(Problem) as refusal:
        path_id(asked("", {"id": text}))
    assert (refusal.value.status, refusal.value.field) == (status, field)
