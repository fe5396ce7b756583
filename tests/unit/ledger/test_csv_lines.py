"""Charges for spreadsheets."""

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ledger.csv_lines import COLUMNS, charge_lines, header_line
from tests.support import csv_oracle

FOREIGN = (0, 2, 3, 9, 10)
"""The columns with words that are not ours."""


def charge(**changes: Any) -> list[Any]:
    """The cells of one charge: nanos in `cost`, whole seconds in `duration`."""
    cells = {
        "id": "c1",
        "recordType": "call_outbound",
        "phoneNumber": "+12025550100",
        "contact": "",
        "timestamp": "2026-11-22T12:00:00Z",
        "duration": 60,
        "cost": -1,
        "currency": "USD",
        "status": "exact",
        "source": "detail_records_api",
        "description": "Call to +12025550131 (60s)",
    }
    return list({**cells, **changes}.values())


def lines(*charges: list[Any]) -> bytes:
    return charge_lines(list(zip(*charges, strict=True)))


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_a_charge_as_csv() -> None:
    [head, line] = cells(header_line() + lines(charge()))
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


def test_the_header_is_the_one_that_programs_read() -> None:
    assert header_line() == csv_oracle.HEADER


def test_it_is_rfc_4180() -> None:
    content = lines(charge(contact='"Ann", of\nSales', description="Grüße"))
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
        ("\u3000=1", "'\u3000=1"),
        ("\x00=1", "'\x00=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\uff1d1", "'\uff1d1"),
        ("+1202555 0100", "'+1202555 0100"),
        ("+12\n", "'+12\n"),
        ("-", "'-"),
        ("=", "'="),
        ("+12|x", "'+12|x"),
        # Where a semicolon or a tab separates, or quotes are not honoured, these would begin a cell of their own.
        ("sip:a;=1+1", "sip:a;'=1+1"),
        ("two\n=1+1", "two\n'=1+1"),
        ("+12\n+13", "'+12\n'+13"),
        ("a\t @b", "a\t' @b"),
    ],
)
@pytest.mark.parametrize("neighbour", ["", "+12025550100", "plain"])
def test_what_a_spreadsheet_would_run_is_quoted(text: str, shown: str, neighbour: str) -> None:
    suspect = charge(contact=text, id=text, description=text)
    other = charge(contact=neighbour, id=neighbour, description=neighbour)
    _, line, _ = cells(lines(other, suspect, other))
    assert (line[0], line[3], line[10]) == (shown, shown, shown)


@pytest.mark.parametrize(
    "text",
    ["+12025550131", "-1.5", "12", "a=b", "x+y", "sip:a@b;transport=tcp", 'say "hi", he said', "two\nlines"],
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    [line] = cells(lines(charge(description=text)))
    assert line[10] == text


@pytest.mark.parametrize(
    ("nanos", "shown"),
    [
        (-3_500_000_000, "-3.5"),
        (0, "0"),
        (15_000_000, "0.015"),
        (100_000_000_000, "100"),
        (-1, "-0.000000001"),
        (2**63 - 1, "9223372036.854775807"),
        (-(2**63) + 1, "-9223372036.854775807"),
    ],
)
def test_numbers_stay_numbers(nanos: int, shown: str) -> None:
    [line] = cells(lines(charge(cost=nanos, duration=7)))
    assert (line[5], line[6]) == ("7", shown)


HOSTILE = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from(";=+-@,\"\t\r\n\x00\x1f '09.\u3000\ufeff\uff1d\u2028"),
    max_size=12,
) | st.from_regex(r"[+-]?[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True)


@given(st.lists(st.tuples(*[HOSTILE] * 5, st.integers(-(2**63) + 1, 2**63 - 1)), min_size=1, max_size=6))
@example([("+1", "", "\n", "", "", 0), ("+1\n", "=", "", "", "", 0)])
def test_whole_columns_come_out_as_cell_by_cell(foreign: list[tuple[Any, ...]]) -> None:
    """Looking at a column as one text must find what looking at each cell finds, whatever stands beside it."""
    charges = [charge(cost=nanos) for *_, nanos in foreign]
    for made, texts in zip(charges, foreign, strict=True):
        for position, text in zip(FOREIGN, texts, strict=False):
            made[position] = text
    buffer = io.StringIO()
    for made in charges:
        shown = [csv_oracle.harmless(cell) if at in FOREIGN else str(cell) for at, cell in enumerate(made)]
        shown[6] = csv_oracle.decimal(made[6])
        csv.writer(buffer).writerow(shown)
    assert lines(*charges) == buffer.getvalue().encode()


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(";=+-@\t\r\n '"), max_size=30))
def test_no_cell_begins_a_formula_whatever_separates_cells(text: str) -> None:
    [line] = cells(lines(charge(description=text)))
    last = line[10]
    assert last.replace("'", "") == text.replace("'", "")
    if last != text:
        assert len(last) > len(text)
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text, re.ASCII):
        assert not any(
            piece.lstrip().startswith(("=", "+", "-", "@")) for piece in re.split(r"[;\t\r\n]", last)
        )
