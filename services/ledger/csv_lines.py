"""Charges as CSV (RFC 4180, UTF-8), for spreadsheets that would run a cell which looks like a formula."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from services.common.money import plain_decimal
from services.common.times import format_rfc3339

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

# What Excel, LibreOffice and Google Sheets take for the start of a formula, full-width forms included; what some of
# them drop before it; and what ends a cell where a semicolon or a tab is the separator, or quotes are not honoured.
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_DROPPED = r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]"
_FORMULA = re.compile(rf"(^(?=[\t\r])|(?:^|[;\t\r\n])(?={_DROPPED}*{_SIGN}))")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)


def header_line() -> bytes:
    """The names of the columns."""
    return _lines([COLUMNS])


def charge_lines(rows: Iterable[Any]) -> bytes:
    """One line for each row of telnyx_billing."""
    return _lines(map(_cells, rows))


def _cells(row: Any) -> tuple[str, ...]:
    kind = row.record_type
    return (
        _harmless(row.record_id),
        "other" if kind == "other" else f"{kind}_{row.direction or 'outbound'}",
        _harmless(row.phone_number),
        _harmless(row.contact),
        format_rfc3339(row.billing_date),
        str(row.duration),
        plain_decimal(row.cost_nanos),
        row.currency,
        row.status,
        _harmless(row.source),
        _harmless(row.description),
    )


def _harmless(text: str) -> str:
    """A quote before what a spreadsheet would run; plain numbers, phone numbers among them, stay as they are."""
    return text if _PLAIN_NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
