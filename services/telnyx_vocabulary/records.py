"""Reading the rows of the Detail Records API into DetailRecords: what cannot be read becomes a sentence, never a 0.

Source: Telnyx facts, section 3. Which field of a row means what stands in `record_types`.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.common.money import Money
from services.telnyx_vocabulary.detail_record import DetailRecord, Direction
from services.telnyx_vocabulary.directions import DIRECTIONS
from services.telnyx_vocabulary.json_values import (
    ABSENT,
    DECODE_ERRORS,
    DEFAULT_CURRENCY,
    ValueReader,
    is_absent,
)
from services.telnyx_vocabulary.record_types import RecordType
from services.telnyx_vocabulary.webhook_messages import read_party

_MAX_SECONDS = 366 * 86_400
_MAX_RATE_LENGTH = 64
_MAX_TAGS_LENGTH = 4096
_TRUTH = {b"true": True, b'"true"': True, b"false": False, b'"false"': False}
_FROM_FIELDS = ("cli", "from", "originating_number")
_TO_FIELDS = ("cld", "to", "destination_number", "destination_phone_number")
_ID_FIELDS = ("id", "uuid")


class UnreadablePage(ValueError):
    """The body is no page of rows; the message says why."""


class _Meta(msgspec.Struct):
    total_pages: int
    total_results: int
    page_number: int


class _Page(msgspec.Struct):
    data: list[msgspec.Raw]
    meta: _Meta


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page as Telnyx sent it: the JSON of each row, and what `meta` says of the whole."""

    rows: tuple[bytes, ...]
    page_number: int
    total_pages: int
    total_results: int


def decode_rows(body: bytes) -> RowPage:
    """The rows of one page, not yet read. Raises UnreadablePage."""
    try:
        page = msgspec.json.decode(body, type=_Page)
    except DECODE_ERRORS as error:
        raise UnreadablePage(f"not a page of rows: {error}") from error
    meta = page.meta
    if min(meta.total_pages, meta.total_results, meta.page_number) < 0:
        raise UnreadablePage("not a page of rows: its meta counts below zero")
    return RowPage(tuple(map(bytes, page.data)), meta.page_number, meta.total_pages, meta.total_results)


@dataclass(frozen=True, slots=True)
class _Row:
    """The fields of one row by name, and the reader that collects what is wrong with them."""

    fields: dict[str, msgspec.Raw]
    reader: ValueReader

    def raw(self, name: str) -> msgspec.Raw:
        return self.fields.get(name, ABSENT)

    def text(self, name: str) -> str:
        return self.reader.text(self.raw(name), name) if name else ""

    def time(self, name: str) -> datetime | None:
        return self.reader.time(self.raw(name), name)

    def first_present(self, names: tuple[str, ...]) -> str:
        return next((name for name in names if not is_absent(self.raw(name))), names[0])


def read_record(raw: bytes, record_type: RecordType, observed_at: datetime) -> DetailRecord:
    """What one row says. Never raises: what is missing or cannot be read stands in `unreadable`.

    `record_type` is the type that was asked for; the one inside the row often has another name. A row without an
    id is kept under the hash of its bytes.
    """
    row = _open_row(raw)
    return DetailRecord(
        record_type=record_type.name,
        record_id=_read_id(row, record_type) or f"sha256:{hashlib.sha256(raw).hexdigest()}",
        observed_at=observed_at,
        record_time=_read_record_time(row, record_type),
        answered_at=row.time("answered_at"),
        finished_at=row.time(record_type.end_field or "finished_at"),
        session_id=row.text(record_type.session_field),
        call_control_id=row.text(record_type.call_control_field),
        leg_id=row.text(record_type.leg_field),
        sip_call_id=row.text(record_type.sip_call_field),
        recording_id=row.text("recording_id"),
        direction=_read_direction(row),
        from_number=_read_number(row, _FROM_FIELDS),
        to_number=_read_number(row, _TO_FIELDS),
        cost=_read_cost(row, record_type),
        carrier_fee=row.reader.charge(row.raw("carrier_fee"), "carrier_fee", _read_currency(row)),
        rate=row.reader.text(row.raw("rate"), "rate", _MAX_RATE_LENGTH),
        billed_seconds=_read_seconds(row, "billed_sec"),
        call_seconds=_read_seconds(row, "call_sec"),
        is_billable=_read_billable(row),
        connection_id=row.text("connection_id"),
        country_code=row.text("country_code"),
        tags=_read_tags(row),
        # Last: by now everything that could not be read has its sentence.
        unreadable=row.reader.unreadable,
        raw=raw,
    )


def _open_row(raw: bytes) -> _Row:
    reader = ValueReader()
    return _Row(reader.shape(msgspec.Raw(raw), "row", dict[str, msgspec.Raw]) or {}, reader)


def _read_id(row: _Row, record_type: RecordType) -> str:
    name = row.first_present((record_type.id_field, *_ID_FIELDS))
    record_id = row.text(name)
    if not record_id:
        row.reader.complain(record_type.id_field, "a record without a readable id")
    return record_id


def _read_record_time(row: _Row, record_type: RecordType) -> datetime | None:
    name = record_type.time_field
    if is_absent(row.raw(name)):
        row.reader.complain(name, "missing")
    return row.time(name)


def _read_direction(row: _Row) -> Direction:
    word = row.text("direction")
    if word and word.lower() not in DIRECTIONS:
        row.reader.complain("direction", f"not a direction: {word[:40]!r}")
    return DIRECTIONS.get(word.lower(), "")


def _read_number(row: _Row, names: tuple[str, ...]) -> str:
    name = row.first_present(names)
    return read_party(row.raw(name), name, row.reader)[0]


def _read_currency(row: _Row) -> str:
    """A row without a currency counts as being in what Telnyx bills in; an unreadable one matches no currency."""
    if is_absent(row.raw("currency")):
        return DEFAULT_CURRENCY
    return row.text("currency")


def _read_cost(row: _Row, record_type: RecordType) -> Money | None:
    """The amount; a type that has money and a row that has none is a fault, not a 0 (design, rule 3.j)."""
    if not record_type.has_money:
        return None
    name = record_type.amount_field
    raw = row.raw(name)
    if is_absent(raw) or bytes(raw) == b'""':
        row.reader.complain(name, "missing")
        return None
    return row.reader.charge(raw, name, _read_currency(row))


def _read_seconds(row: _Row, name: str) -> int | None:
    seconds = row.reader.whole_number(row.raw(name), name)
    if seconds is not None and seconds > _MAX_SECONDS:
        row.reader.complain(name, f"longer than a year: {seconds}")
        return None
    return seconds


def _read_billable(row: _Row) -> bool:
    raw = row.raw("is_telnyx_billable")
    if is_absent(raw):
        return True
    if bytes(raw) not in _TRUTH:
        row.reader.complain("is_telnyx_billable", "neither true nor false")
    return _TRUTH.get(bytes(raw), True)


def _read_tags(row: _Row) -> tuple[str, ...]:
    """A list of texts, or one text with commas."""
    raw = row.raw("tags")
    if bytes(raw).startswith(b"["):
        return row.reader.texts(raw, "tags")
    joined = row.reader.text(raw, "tags", _MAX_TAGS_LENGTH)
    return tuple(tag.strip() for tag in joined.split(",") if tag.strip())
