"""Amounts for people, and records for spreadsheets."""

import csv
import io
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.answers import Record
from gateway.csv_export import COLUMNS, header_line, record_lines
from gateway.pages.money import show_money
from services.common.money import Money, parse_nanos


@pytest.mark.parametrize(
    ("nanos", "short", "exact"),
    [
        (31_270_000_000, "$31.2700", "31.27 USD"),
        (15_000_000, "$0.0150", "0.015 USD"),
        (166_600, "$0.0002", "0.0001666 USD"),
        (50_000, "$0.0001", "0.00005 USD"),
        (49_999, "$0.0000", "0.000049999 USD"),
        (-49_999, "$0.0000", "-0.000049999 USD"),
        (-1_500_000_000, "-$1.5000", "-1.5 USD"),
        (1_234_567_890_123_456, "$1,234,567.8901", "1234567.890123456 USD"),
        (0, "$0.0000", "0 USD"),
        (999_999_950_000, "$1,000.0000", "999.99995 USD"),
    ],
)
def test_four_decimals_are_shown_and_all_are_told(nanos: int, short: str, exact: str) -> None:
    shown = show_money(Money("USD", nanos))
    assert (shown.short, shown.exact, shown.is_positive) == (short, exact, nanos > 0)


def test_other_currencies_are_named() -> None:
    assert show_money(Money("EUR", -2_500_000_000)).short == "-2.5000 EUR"


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_what_is_shown_is_never_further_off_than_half_a_step(nanos: int) -> None:
    shown = show_money(Money("USD", nanos))
    assert abs(parse_nanos(shown.short.replace("$", "").replace(",", "")) - nanos) <= 50_000
    assert parse_nanos(shown.exact.removesuffix(" USD")) == nanos


def record(**changes: object) -> Record:
    values: dict[str, object] = {
        "id": "c1",
        "record_type": "call_outbound",
        "phone_number": "+12025550100",
        "contact": None,
        "timestamp": datetime(2026, 11, 22, 12, tzinfo=UTC),
        "duration": 60,
        "cost": msgspec.Raw(b"-0.000000001"),
        "currency": "USD",
        "status": "exact",
        "source": "detail_records_api",
        "description": "Call to +12025550131 (60s)",
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]  # the values are those of the fields


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


def test_a_record_as_csv() -> None:
    [head, line] = cells(header_line() + record_lines([record()]))
    assert tuple(head) == COLUMNS
    assert line == [
        "c1",
        "call_outbound",
        "+12025550100",
        "",
        "2026-11-22T12:00:00Z",
        "60",
        "-0.000000001",
        "USD",
        "exact",
        "detail_records_api",
        "Call to +12025550131 (60s)",
    ]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "\tx", "\rx", "  =1", "\uff1d1", "+1202555 0100", "-", "=", "+12|x"],
)
def test_what_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    [line] = cells(record_lines([record(contact=text)]))
    assert line[3] == f"'{text}"


@pytest.mark.parametrize(
    "text", ["+12025550131", "-1.5", "12", "a=b", "x+y", "sip:a@b", 'say "hi", he said', "two\nlines"]
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    [line] = cells(record_lines([record(description=text)]))
    assert line[10] == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_cell_begins_a_formula(text: str) -> None:
    content = record_lines([record(description=text)]).decode()
    last = next(csv.reader(io.StringIO(content, newline="")))[10]
    assert last in (text, f"'{text}")
    assert not last.lstrip().startswith(("=", "@"))
