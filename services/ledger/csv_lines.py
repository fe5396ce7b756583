"""Charges as CSV (RFC 4180, UTF-8), for spreadsheets that would run a cell which looks like a formula.

A year's bill is millions of lines, and nearly all of their cells are harmless and need no quotes. So a whole column is
looked at as one text first: that costs a hundredth of looking at its cells, which is done only where something was
seen.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from services.common.money import plain_decimal

COLUMNS = (
    "id",
    "recordType",
    "phoneNumber",
    "contact",
    "timestamp",
    "duration",
    "cost",
    "currency",
    "status",
    "source",
    "description",
)

_COST = COLUMNS.index("cost")
_DURATION = COLUMNS.index("duration")
_FOREIGN = tuple(COLUMNS.index(name) for name in ("id", "phoneNumber", "contact", "source", "description"))
"""Columns with words that are not ours."""

# What Excel, LibreOffice and Google Sheets take for the start of a formula, full-width forms included; what some of
# them drop before it; and what ends a cell where a semicolon or a tab is the separator, or quotes are not honoured.
_SIGN = r"=+\-@\uff1d\uff0b\uff0d\uff20"
_DROPPED = r"\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
_FORMULA = re.compile(rf"(^(?=[\t\r])|(?:^|[;\t\r\n])(?=[{_DROPPED}]*[{_SIGN}]))")
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_PLAIN_NUMBER = re.compile(_NUMBER)

_SUSPECT_START = re.compile(rf"\n(?=[{_SIGN}{_DROPPED}])(?!\n|{_NUMBER}\n)")
"""Where cells stand one below the other: one that may begin a formula."""


def header_line() -> bytes:
    """The names of the columns."""
    return _quoted([COLUMNS])


def charge_lines(cells: Sequence[Sequence[Any]]) -> bytes:
    """One line for each charge, from the cells of each column: whole seconds, nanos, and texts as they are."""
    columns: list[Any] = list(cells)
    columns[_DURATION] = map(str, columns[_DURATION])
    columns[_COST] = _decimals(columns[_COST])
    needs_quotes = False
    for position in _FOREIGN:
        column = columns[position]
        text = "\n".join(("", *column, ""))
        has_lines = text.count("\n") > len(column) + 1
        needs_quotes |= has_lines or _has_any(',"\r', text)
        if has_lines or _has_any(";\t\r", text) or _SUSPECT_START.search(text):
            columns[position] = map(_harmless, column)
    lines = zip(*columns, strict=True)
    return _quoted(lines) if needs_quotes else "\r\n".join((*map(",".join, lines), "")).encode()


def _decimals(nanos: Sequence[int]) -> Iterable[str]:
    """Amounts as text; few of them differ."""
    texts = {amount: plain_decimal(amount) for amount in set(nanos)}
    return map(texts.__getitem__, nanos)


def _has_any(characters: str, text: str) -> bool:
    return any(character in text for character in characters)


def _harmless(text: str) -> str:
    """A quote before what a spreadsheet would run; plain numbers, phone numbers among them, stay as they are."""
    return text if _PLAIN_NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def _quoted(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
