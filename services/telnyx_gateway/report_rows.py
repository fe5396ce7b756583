"""Reading the rows of a batch report as detail records (Telnyx facts, section 6).

Telnyx documents the columns of these reports only in part: the names of the portal's fields, and that all metadata
can be asked for. Headings are therefore taken by the API's field names and by the portal's, however they are written.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from services.common.times import UnreadableTime, names_zone, parse_rfc3339
from services.telnyx_gateway.csv_rows import CsvRow
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import RecordType
from services.telnyx_vocabulary.records import read_record

_NO_WORD = re.compile(r"[^a-z0-9]+")
_ID_FIELDS = ("id", "uuid")
_TIME = "start_timestamp"
# What the reference of the CDR reports calls the API's fields; `billable_time` is in seconds there.
_PORTAL_FIELDS: Mapping[str, str] = {
    "origination_number": "cli",
    "terminating_number": "cld",
    "answer_timestamp": "answered_at",
    "end_timestamp": "finished_at",
    "billable_time": "billed_sec",
}
_UTC = "_utc"


@dataclass(frozen=True, slots=True)
class ReportColumns:
    """The field of each column, under the API's name; `missing` are those without which no row can be booked."""

    fields: tuple[str, ...]
    missing: tuple[str, ...]
    has_record_ids: bool


def read_columns(headings: tuple[str, ...], record_type: RecordType) -> ReportColumns:
    """What each column of a report of this type holds, whatever the case, the blanks and the quotes of its heading."""
    words = [_NO_WORD.sub("_", heading.casefold()).strip("_") for heading in headings]
    taken, fields = set(words), []
    for word in words:
        name = _api_name(word, record_type)
        # The field's own column goes before a second one that means the same.
        fields.append(word if name != word and name in taken else name)
        taken.add(name)
    return ReportColumns(
        tuple(fields),
        tuple(name for name in _needed(record_type) if name not in fields),
        not {record_type.id_field, *_ID_FIELDS}.isdisjoint(fields),
    )


def _api_name(word: str, record_type: RecordType) -> str:
    portal_word = word.removesuffix(_UTC)
    if portal_word == _TIME:
        return record_type.time_field
    return _PORTAL_FIELDS.get(portal_word, word)


def _needed(record_type: RecordType) -> tuple[str, ...]:
    """A record that is billed by time says nothing without the time: zero seconds are no presence (design, 3.f)."""
    base = (record_type.time_field, record_type.amount_field)
    return base if record_type.billed_by_unit else (*base, "billed_sec")


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one report, and counts them.

    A row without an id of Telnyx's is named by its content, and by how many equal rows came before it, so that the
    same report read again names it the same.
    """

    record_type: RecordType
    columns: ReportColumns
    observed_at: datetime
    row_count: int = 0
    broken_count: int = 0
    _seen: Counter[str] = field(default_factory=Counter)

    def read(self, row: CsvRow) -> DetailRecord:
        """One row, whatever it is like: what cannot be read stands in its `unreadable`."""
        self.row_count += 1
        if row.fields is None:
            return self._broken(row, "row: the text is no row of a CSV")
        if len(row.fields) != len(self.columns.fields):
            return self._broken(
                row, f"row: {len(row.fields)} fields where the report has {len(self.columns.fields)}"
            )
        record = self._read_fields(row.fields)
        self.broken_count += record.record_time is None
        return record

    def _read_fields(self, cells: tuple[str, ...]) -> DetailRecord:
        fields = _by_name(self.columns.fields, cells)
        raw = msgspec.json.encode(fields)
        id_field = self.record_type.id_field
        is_named = any(name in fields for name in (id_field, *_ID_FIELDS))
        named = _zoned(fields, self.record_type) | ({} if is_named else {id_field: self._name(raw)})
        record = replace(read_record(msgspec.json.encode(named), self.record_type, self.observed_at), raw=raw)
        if is_named or not self.columns.has_record_ids:
            return record
        return replace(record, unreadable=(*record.unreadable, f"{id_field}: a record without a readable id"))

    def _broken(self, row: CsvRow, reason: str) -> DetailRecord:
        self.broken_count += 1
        raw = msgspec.json.encode({"row": row.text})
        return DetailRecord(
            record_type=self.record_type.name,
            record_id=self._name(raw),
            observed_at=self.observed_at,
            unreadable=(reason,),
            raw=raw,
        )

    def _name(self, raw: bytes) -> str:
        digest = hashlib.sha256(raw).hexdigest()[:32]
        self._seen[digest] += 1
        return f"row:{digest}:{self._seen[digest] - 1}"


def _by_name(names: tuple[str, ...], cells: tuple[str, ...]) -> dict[str, str]:
    """The cells that say anything; of two columns of one name the first counts. Sorted: the order says nothing."""
    pairs = zip(reversed(names), reversed(cells), strict=True)
    return dict(sorted((name, cell.strip()) for name, cell in dict(pairs).items() if cell.strip()))


def _zoned(fields: Mapping[str, str], record_type: RecordType) -> dict[str, str]:
    """With the zone of their times said where the cells leave it out: every report is ordered in UTC."""
    times = {record_type.time_field, record_type.end_field, "answered_at", "finished_at"}
    return {name: _in_utc(text) if name in times else text for name, text in fields.items()}


def _in_utc(text: str) -> str:
    try:
        parse_rfc3339(text)
    except UnreadableTime:
        return text
    return text if names_zone(text) else f"{text}Z"
