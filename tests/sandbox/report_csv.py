"""The CSV of a batch report. Source: facts, section 6; the reference lists the columns of the portal's form."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from tests.sandbox.record_types import RecordType
from tests.sandbox.records import DetailRecord
from tests.sandbox.settings import Faults

_IDS = frozenset({"id", "uuid"})
_BYTE_ORDER_MARK = "\ufeff"
# The fields that the reference of the CDR reports names, with the API's name of the same.
_PORTAL_COLUMNS: Mapping[str, str] = {
    "Origination Number": "cli",
    "Terminating Number": "cld",
    "Start Timestamp UTC": "started_at",
    "Answer Timestamp": "answered_at",
    "End Timestamp": "finished_at",
    "Direction": "direction",
    "Connection ID": "connection_id",
    "Sip Call ID": "sip_call_id",
    "Billable Time": "billed_sec",
    "Cost": "cost",
    "Rate": "rate",
    "Currency": "currency",
    "Tags": "tags",
    "Billing Group ID": "billing_group_id",
}
_BROKEN_EVERY = 3


def write_csv(record_type: RecordType, records: Iterable[DetailRecord], faults: Faults) -> Iterator[str]:
    """The text, line by line, as the faults want it; newest record first."""
    columns = _columns(record_type, faults)
    heading = list(columns)
    yield (_BYTE_ORDER_MARK if faults.report_form == "portal" else "") + _line(heading)
    for number, record in enumerate(records):
        cells = [_cell(record.fields.get(field), faults) for field in columns.values()]
        if number < faults.report_broken_rows * _BROKEN_EVERY and number % _BROKEN_EVERY == 0:
            yield _broken(number // _BROKEN_EVERY, cells, heading, record_type)
        yield _line(cells)


def _columns(record_type: RecordType, faults: Faults) -> Mapping[str, str]:
    """The heading of each column, and the field that is in it."""
    if faults.report_form == "portal":
        columns = {**_PORTAL_COLUMNS}
        if record_type.id_field == "uuid":
            columns = {"Created At": "created_at", **columns}
        known = {name: field for name, field in columns.items() if field in record_type.fields}
    else:
        known = {field: field for field in sorted(record_type.fields)}
    return {
        name: field
        for name, field in known.items()
        if field not in faults.report_missing_columns and (faults.report_record_ids or field not in _IDS)
    }


def _broken(number: int, cells: list[str], heading: list[str], record_type: RecordType) -> str:
    """A row with a field too few, one without a time, one with a quote that nothing closes; in turn.

    It has no id of any record: broken rows come beside the whole ones.
    """
    cells = [f"broken-{number}" if name in _IDS else cell for name, cell in zip(heading, cells, strict=True)]
    match number % 3:
        case 0:
            return _line(cells[:-1])
        case 1:
            times = {record_type.time_field, "Start Timestamp UTC", "Created At"}
            return _line(["" if name in times else cell for name, cell in zip(heading, cells, strict=True)])
        case _:
            return '"' + _line(cells)


def _cell(value: object, faults: Faults) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value)
    is_time = faults.report_form == "portal" and text[10:11] == "T" and text.endswith("Z")
    return text[:-1].replace("T", " ") if is_time else text


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
