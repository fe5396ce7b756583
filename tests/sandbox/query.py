"""What a request for detail records asks for, and which records answer it. Source: Telnyx facts, section 3."""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tests.sandbox.answers import bad_request
from tests.sandbox.clock import from_text
from tests.sandbox.record_types import RecordType, find_record_type
from tests.sandbox.records import DetailRecord

MAX_PAGE_SIZE = 50
DEFAULT_PAGE_SIZE = 20
_FILTER = re.compile(r"filter\[(?P<field>\w+)\](?:\[(?P<operator>\w*)\])?")
_RANGES: dict[str, Callable[[Any, Any], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}

Parameters = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """`operator` is empty for equality."""

    field: str
    operator: str
    text: str

    def accepts(self, value: object) -> bool:
        """Whether a record's value passes. One that is missing, or cannot be read, never does."""
        if value is None:
            return False
        try:
            if self.operator:
                wanted = _comparable(self.field, self.text)
                return _RANGES[self.operator](_comparable(self.field, str(value)), wanted)
            return _equality_text(self.field, value) == _equality_text(self.field, self.text)
        except (ValueError, ArithmeticError):
            return False


@dataclass(frozen=True, slots=True)
class DetailQuery:
    """One page of one type."""

    type: RecordType
    filters: tuple[Filter, ...]
    page_number: int
    page_size: int

    def unknown_fields(self) -> list[str]:
        """Filters on fields that the type does not have."""
        return [each.field for each in self.filters if each.field not in self.type.fields]

    def accepts(self, record: DetailRecord) -> bool:
        return all(each.accepts(record.fields.get(each.field)) for each in self.filters)


def parse_detail_query(parameters: Parameters) -> DetailQuery:
    """Raises ApiError 400: no type or several, an unknown type, an unreadable page or filter. `sort` has no effect."""
    types: list[str] = []
    filters: list[Filter] = []
    pages = {"page[number]": 1, "page[size]": DEFAULT_PAGE_SIZE}
    for name, text in parameters:
        if name in pages:
            pages[name] = positive_number(name, text)
        elif name == "filter[record_type]":
            types.append(text)
        elif (match := _FILTER.fullmatch(name)) and match["field"] != "record_type":
            filters.append(_filter(match["field"], match["operator"] or "", text))
    if len(types) != 1 or not types[0]:
        raise bad_request("Record type is missing")
    record_type = find_record_type(types[0])
    if record_type is None:
        raise bad_request("Record type is invalid")
    return DetailQuery(
        record_type, tuple(filters), pages["page[number]"], min(pages["page[size]"], MAX_PAGE_SIZE)
    )


def _filter(field: str, operator_name: str, text: str) -> Filter:
    if operator_name and operator_name not in _RANGES:
        raise bad_request(f"Filter operator is invalid: {operator_name}")
    if operator_name or _is_time(field):
        try:
            _comparable(field, text)
        except (ValueError, ArithmeticError):
            raise bad_request(f"Filter value is invalid: {field}") from None
    return Filter(field, operator_name, text)


# The same few thousand texts are compared for every page of every window.
@lru_cache(maxsize=100_000)
def _comparable(field: str, text: str) -> datetime | Decimal:
    return from_text(text) if _is_time(field) else Decimal(text)


def _equality_text(field: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return from_text(text).isoformat() if _is_time(field) else text


def _is_time(field: str) -> bool:
    return field.endswith(("_at", "_time"))


def positive_number(name: str, text: str) -> int:
    """Raises ApiError 400."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) < 10**9:
        raise bad_request(f"{name} must be a positive number")
    return int(text)
