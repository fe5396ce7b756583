"""Records as CSV (RFC 4180, UTF-8), for spreadsheets that would run a cell which looks like a formula."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from gateway.answers import Record
from services.common.times import format_rfc3339, utc_day

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


def record_lines(records: Iterable[Record]) -> bytes:
    """One line for each record."""
    return _lines(_cells(record) for record in records)


def file_name(from_at: datetime | None, to_at: datetime | None, now: datetime) -> str:
    """A name that tells the UTC days of the range, both included; an open range ends today."""
    last = utc_day(to_at - timedelta(microseconds=1)) if to_at else utc_day(now)
    first = f"{utc_day(from_at)}-" if from_at else ""
    return f"tollbook-records-{first}to-{last}.csv"


def _cells(record: Record) -> tuple[str, ...]:
    return (
        _harmless(record.id),
        record.record_type,
        _harmless(record.phone_number or ""),
        _harmless(record.contact or ""),
        format_rfc3339(record.timestamp) if record.timestamp else "",
        str(record.duration),
        bytes(record.cost).decode(),
        record.currency,
        record.status,
        _harmless(record.source),
        _harmless(record.description),
    )


def _harmless(text: str) -> str:
    """A quote before what a spreadsheet would run; plain numbers, phone numbers among them, stay as they are."""
    return text if _PLAIN_NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
