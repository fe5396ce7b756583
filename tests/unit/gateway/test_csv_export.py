"""Records for spreadsheets."""

import csv
import io
import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.answers import Record
from gateway.csv_export import COLUMNS, file_name, header_line, record_lines

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


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


def test_it_is_rfc_4180() -> None:
    content = record_lines([record(contact='"Ann", of\nSales', description="Grüße")])
    assert content.endswith(",exact,detail_records_api,Grüße\r\n".encode())
    assert b',"""Ann"", of\nSales",' in content


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("@cmd", "'@cmd"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("\x00=1", "'\x00=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\uff1d1", "'\uff1d1"),
        ("+1202555 0100", "'+1202555 0100"),
        ("-", "'-"),
        ("=", "'="),
        ("+12|x", "'+12|x"),
        # Where a semicolon or a tab separates, or quotes are not honoured, these would begin a cell of their own.
        ("sip:a;=1+1", "sip:a;'=1+1"),
        ("two\n=1+1", "two\n'=1+1"),
        ("a\t @b", "a\t' @b"),
    ],
)
def test_what_a_spreadsheet_would_run_is_quoted(text: str, shown: str) -> None:
    [line] = cells(record_lines([record(contact=text, id=text, description=text)]))
    assert (line[0], line[3], line[10]) == (shown, shown, shown)


@pytest.mark.parametrize(
    "text",
    ["+12025550131", "-1.5", "12", "a=b", "x+y", "sip:a@b;transport=tcp", 'say "hi", he said', "two\nlines"],
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    [line] = cells(record_lines([record(description=text)]))
    assert line[10] == text


def test_numbers_stay_numbers() -> None:
    [line] = cells(record_lines([record(cost=msgspec.Raw(b"-3.5"), duration=7)]))
    assert (line[5], line[6]) == ("7", "-3.5")


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(";=+-@\t\r\n '"), max_size=30))
def test_no_cell_begins_a_formula_whatever_separates_cells(text: str) -> None:
    content = record_lines([record(description=text)]).decode()
    last = next(csv.reader(io.StringIO(content, newline="")))[10]
    assert last.replace("'", "") == text.replace("'", "")
    if last != text:
        assert len(last) > len(text)
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text, re.ASCII):
        assert not any(
            piece.lstrip().startswith(("=", "+", "-", "@")) for piece in re.split(r"[;\t\r\n]", last)
        )


@pytest.mark.parametrize(
    ("from_at", "to_at", "name"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), "2026-11-01-to-2026-11-30"),
        (
            datetime(2026, 11, 1, 8, tzinfo=UTC),
            datetime(2026, 11, 2, 8, tzinfo=UTC),
            "2026-11-01-to-2026-11-02",
        ),
        (datetime(2026, 10, 23, tzinfo=UTC), None, "2026-10-23-to-2026-11-22"),
        (None, datetime(2026, 11, 2, tzinfo=UTC), "to-2026-11-01"),
    ],
)
def test_the_file_is_named_after_its_days(
    from_at: datetime | None, to_at: datetime | None, name: str
) -> None:
    assert file_name(from_at, to_at, NOW) == f"tollbook-records-{name}.csv"
