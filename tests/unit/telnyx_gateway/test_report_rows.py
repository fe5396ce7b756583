"""The rows of batch reports: headings in many forms, ids and their lack, rows that are broken."""

import json
from datetime import UTC, datetime

import pytest

from services.common.money import Money
from services.telnyx_gateway.csv_rows import CsvRow
from services.telnyx_gateway.report_rows import RowReader, read_columns
from services.telnyx_gateway.reports import CALL_CONTROL, CALLS, MESSAGING, ReportSource
from services.telnyx_vocabulary.detail_record import DetailRecord

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PORTAL = ("Origination Number", "Terminating Number", "Start Timestamp UTC", "Billable Time", "Cost")
CALL = ("+12025550101", "+12025550142", "2026-07-01 09:45:02", "180", "0.0150")


def read(
    source: ReportSource, headings: tuple[str, ...], *rows: tuple[str, ...]
) -> tuple[list[DetailRecord], RowReader]:
    reader = RowReader(source.record_type, read_columns(headings, source.record_type), NOW)
    return [reader.read(CsvRow(",".join(row), row)) for row in rows], reader


@pytest.mark.parametrize(
    "headings",
    [
        ("id", "started_at", "billed_sec", "cost"),
        ('"ID"', " Started At ", "BILLED_SEC", "Cost"),
        ("Id", "started-at", "Billed Sec", '"cost" '),
        ("id", "Start Timestamp (UTC)", "Billable Time", "COST"),
    ],
)
def test_headings_are_the_same_however_they_are_written(headings: tuple[str, ...]) -> None:
    columns = read_columns(headings, CALLS.record_type)
    assert columns.fields == ("id", "started_at", "billed_sec", "cost")
    assert columns.has_record_ids
    assert columns.missing == ()


def test_a_fields_own_column_goes_before_the_portals() -> None:
    headings = ("start_timestamp", "started_at", "id", "billed_sec", "cost")
    (record,), _ = read(CALLS, headings, ("2026-07-01 01:00:00", "2026-07-01T09:45:02Z", "r1", "60", "0.005"))
    assert record.record_time == datetime(2026, 7, 1, 9, 45, 2, tzinfo=UTC)


def test_needed_columns_are_named() -> None:
    assert read_columns(("id", "direction"), CALLS.record_type).missing == (
        "started_at",
        "cost",
        "billed_sec",
    )
    assert read_columns(("uuid",), MESSAGING.record_type).missing == ("created_at", "cost")
    assert read_columns((), CALL_CONTROL.record_type).missing == ("started_at", "cost", "billed_sec")


def test_a_row_of_the_portals_form() -> None:
    (record,), reader = read(CALLS, PORTAL, CALL)
    assert record.record_id.startswith("row:")
    assert record.record_id.endswith(":0")
    assert record.record_time == datetime(2026, 7, 1, 9, 45, 2, tzinfo=UTC)
    assert (record.from_number, record.to_number) == ("+12025550101", "+12025550142")
    assert record.cost == Money("USD", 15_000_000)
    assert record.billed_seconds == 180
    assert record.unreadable == ()
    assert "id" not in json.loads(record.raw)
    assert (reader.row_count, reader.broken_count) == (1, 0)


def test_a_time_that_is_none_is_told_as_it_is_written() -> None:
    headings = (*PORTAL, "Answer Timestamp")
    (record,), reader = read(CALLS, headings, (*CALL[:2], "soon", *CALL[3:], "2026-07-01T11:45:12+02:00"))
    assert record.unreadable == ("started_at: not an RFC 3339 time: 'soon'",)
    assert record.answered_at == datetime(2026, 7, 1, 9, 45, 12, tzinfo=UTC)
    assert reader.broken_count == 1


def test_equal_rows_are_told_apart_and_named_the_same_when_read_again() -> None:
    other = (*CALL[:4], "0.0160")
    first, _ = read(CALLS, PORTAL, CALL, other, CALL)
    swapped = [tuple(reversed(row)) for row in (CALL, other, CALL)]
    second, _ = read(CALLS, tuple(reversed(PORTAL)), *swapped)
    assert [record.record_id for record in first] == [record.record_id for record in second]
    assert len({record.record_id for record in first}) == 3
    assert first[2].record_id == first[0].record_id.removesuffix("0") + "1"


def test_a_row_that_lacks_its_id_in_a_report_with_ids_says_so() -> None:
    headings = ("uuid", "created_at", "cost")
    records, reader = read(
        MESSAGING,
        headings,
        ("m1", "2026-07-01T09:45:02Z", "0.0051"),
        ("", "2026-07-01T09:45:02Z", "0.0051"),
    )
    assert records[0].record_id == "m1"
    assert records[0].unreadable == ()
    assert records[1].record_id.startswith("row:")
    assert records[1].unreadable == ("uuid: a record without a readable id",)
    assert reader.broken_count == 0


def test_rows_that_are_no_rows_are_kept_and_counted() -> None:
    reader = RowReader(CALLS.record_type, read_columns(PORTAL, CALLS.record_type), NOW)
    texts = ["+12025550101,short", "", '"open']
    broken = [
        reader.read(CsvRow(texts[0], tuple(texts[0].split(",")))),
        reader.read(CsvRow(texts[2], None)),
        reader.read(CsvRow(texts[2], None)),
    ]
    timeless = reader.read(CsvRow("", (*CALL[:2], "", *CALL[3:])))
    assert (reader.row_count, reader.broken_count) == (4, 4)
    assert len({record.record_id for record in broken}) == 3
    assert json.loads(broken[0].raw) == {"row": texts[0]}
    assert broken[0].unreadable == ("row: 2 fields where the report has 5",)
    assert all(record.cost is None and record.record_time is None for record in broken)
    assert timeless.record_time is None
    assert timeless.unreadable == ("started_at: missing",)


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        ("0.12345678901", "cost: more than 9 decimals: '0.12345678901'"),
        ("", "cost: missing"),
        ("free", "cost: not a decimal number: 'free'"),
    ],
)
def test_an_amount_that_cannot_be_read_is_no_zero_and_no_broken_row(cost: str, sentence: str) -> None:
    (record,), reader = read(CALLS, PORTAL, (*CALL[:4], cost))
    assert record.cost is None
    assert record.unreadable == (sentence,)
    assert reader.broken_count == 0


def test_a_credit_and_a_foreign_currency_are_read_as_they_are() -> None:
    (record,), _ = read(CALLS, (*PORTAL, "Currency"), (*CALL[:4], "-0.0150", "EUR"))
    assert record.cost == Money("EUR", -15_000_000)
