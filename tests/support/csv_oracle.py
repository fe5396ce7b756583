"""Charges as CSV, cell by cell: slow, and plain enough to hold the fast way against."""

import csv
import io
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from services.common.times import format_rfc3339

HEADER = b"id,recordType,phoneNumber,contact,timestamp,duration,cost,currency,status,source,description\r\n"

_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_DROPPED = r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]"
_FORMULA = re.compile(rf"(^(?=[\t\r])|(?:^|[;\t\r\n])(?={_DROPPED}*{_SIGN}))")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def lines_of(rows: Iterable[Any]) -> bytes:
    """One line for each row of telnyx_billing."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(map(_cells, rows))
    return buffer.getvalue().encode()


def harmless(text: str) -> str:
    """With a quote before whatever a spreadsheet would run."""
    return text if _PLAIN_NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def decimal(nanos: int) -> str:
    """Nanos in plain notation, without trailing zeros."""
    text = f"{Decimal(nanos).scaleb(-9):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cells(row: Any) -> tuple[str, ...]:
    kind = row.record_type
    return (
        harmless(row.record_id),
        "other" if kind == "other" else f"{kind}_{row.direction or 'outbound'}",
        harmless(row.phone_number),
        harmless(row.contact),
        format_rfc3339(row.billing_date),
        str(row.duration),
        decimal(row.cost_nanos),
        row.currency,
        row.status,
        harmless(row.source),
        harmless(row.description),
    )
