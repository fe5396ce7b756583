"""Records as CSV, for spreadsheets that would run a cell which looks like a formula."""

import csv
import io
import re
from collections.abc import Iterable

from gateway.answers import Record
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

# What Excel, LibreOffice and Google Sheets take for the start of a formula, full-width forms included.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)


def header_line() -> bytes:
    """The names of the columns."""
    return _lines([COLUMNS])


def record_lines(records: Iterable[Record]) -> bytes:
    """One line for each record."""
    return _lines(_cells(record) for record in records)


def _cells(record: Record) -> tuple[str, ...]:
    texts = (
        record.id,
        record.record_type,
        record.phone_number or "",
        record.contact or "",
        format_rfc3339(record.timestamp) if record.timestamp else "",
        str(record.duration),
        bytes(record.cost).decode(),
        record.currency,
        record.status,
        record.source,
        record.description,
    )
    return tuple(map(_harmless, texts))


def _harmless(text: str) -> str:
    """A quote before what a spreadsheet would run; plain numbers, phone numbers among them, stay as they are."""
    is_formula = _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
