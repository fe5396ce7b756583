"""Splitting a CSV that arrives in pieces: whole rows whatever the pieces, and a broken row alone."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telnyx_gateway.csv_rows import MAX_ROW_LENGTH, CsvRow, CsvRows

CELL = st.text(alphabet=st.sampled_from("ab1,\"\n'é ."), max_size=12)
TABLE = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
)


def split(body: bytes, piece: int = 7) -> list[CsvRow]:
    rows = CsvRows()
    found: list[CsvRow] = []
    for start in range(0, len(body), piece):
        found += rows.feed(body[start : start + piece])
    return found + list(rows.end())


def written(table: list[list[str]], line_end: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end).writerows(table)
    return text.getvalue().encode()


@given(TABLE, st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_what_a_writer_wrote_is_read_whatever_the_pieces(
    table: list[list[str]], piece: int, line_end: str
) -> None:
    found = split(written(table, line_end), piece)
    assert [row.fields for row in found] == [tuple(row) for row in table]


@given(st.binary(max_size=400), st.integers(1, 30))
def test_pieces_make_no_difference_to_any_bytes(body: bytes, piece: int) -> None:
    assert split(body, piece) == split(body, 1_000)


def test_a_byte_order_mark_blank_lines_and_a_missing_last_line_end() -> None:
    assert [row.fields for row in split(b"\xef\xbb\xbfid,cost\r\n\r\n1,2\r\n\n3,4")] == [
        ("id", "cost"),
        ("1", "2"),
        ("3", "4"),
    ]


@pytest.mark.parametrize(
    "stray",
    ['"1,2', '"1"2,3', '1,"2', '"' + "x" * 500],
    ids=["open", "after", "last", "long"],
)
def test_a_stray_quote_costs_its_own_row_only(stray: str) -> None:
    rest = [f'{number},"whole, with a comma"' for number in range(40)]
    body = "\n".join(["a,b", stray, *rest]).encode()
    found = split(body)
    assert [row.fields for row in found if row.fields] == [
        ("a", "b"),
        *[(str(number), "whole, with a comma") for number in range(40)],
    ]
    assert [row.text for row in found if row.fields is None] == [stray]


def test_a_stray_quote_that_a_later_row_closes_costs_its_own_row_only() -> None:
    assert split(b'a,b\n"1,2\n3",4,5\n6,7') == [
        CsvRow("a,b", ("a", "b")),
        CsvRow('"1,2', None),
        CsvRow('3",4,5', ('3"', "4", "5")),
        CsvRow("6,7", ("6", "7")),
    ]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_quote_that_is_open_at_the_end_keeps_nothing_back(after: int) -> None:
    rest = [f"{number},x" for number in range(after)]
    found = split("\n".join(["a,b", '"1,2', *rest]).encode())
    assert [row.text for row in found] == ["a,b", '"1,2', *rest]


def test_a_letter_that_is_cut_off_at_the_end_is_not_lost() -> None:
    assert split(b"a,b\n1,\xc3")[-1].fields == ("1", "\ufffd")


def test_a_row_of_many_lines_is_a_row_until_it_has_too_many() -> None:
    for line_count, is_row in ((31, True), (32, False)):
        found = split(('a,b\n1,"' + "x\n" * line_count + '"\n2,3').encode())
        assert (found[1].fields is not None) == is_row
        assert found[-1].fields == ("2", "3")


def test_a_row_out_of_all_proportion_is_broken_and_not_kept_in_memory() -> None:
    found = split(b"a,b\n" + b"x" * (3 * MAX_ROW_LENGTH) + b"\n1,2", piece=4_096)
    assert [row.fields for row in found if row.fields and len(row.fields) == 2] == [("a", "b"), ("1", "2")]
    assert all(len(row.text) <= 2 * MAX_ROW_LENGTH for row in found)
    assert any(row.fields is None or len(row.fields) == 1 for row in found[1:-1])
