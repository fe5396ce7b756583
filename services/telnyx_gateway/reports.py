"""Ordering batch detail-record reports, and asking what became of them (Telnyx facts, section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import quote

import msgspec

from services.common.errors import InvalidInput
from services.common.times import format_rfc3339
from services.telnyx_gateway.detail_query import Window
from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import ABSENT, DECODE_ERRORS, MAX_TEXT_LENGTH, ValueReader
from services.telnyx_vocabulary.record_types import RecordType, find_record_type

_PATH = "legacy/reporting/batch_detail_records"
_ENDPOINT = "reports"
_MAX_ID_LENGTH = 255
_BOTH_DIRECTIONS = [1, 2]
_EVERY_OUTCOME = [1, 2, 3]


class ReportStatus(IntEnum):
    """As Telnyx counts them."""

    PENDING = 1
    COMPLETE = 2
    FAILED = 3
    EXPIRED = 4


_STATUSES: Mapping[str, ReportStatus] = {
    name: status for status in ReportStatus for name in (status.name, str(status.value))
}


@dataclass(frozen=True, slots=True)
class ReportSource:
    """Where a report's rows come from. `word` is Telnyx's `source` of a voice report, empty for messages."""

    record_type: RecordType
    family: str
    word: str


def _source(type_name: str, word: str, family: str = "voice") -> ReportSource:
    record_type = find_record_type(type_name)
    if record_type is None:
        raise LookupError(type_name)
    return ReportSource(record_type, family, word)


CALLS = _source("sip-trunking", "calls")
CALL_CONTROL = _source("call-control", "call-control")
FAX = _source("fax", "fax-api")
WEBRTC = _source("webrtc", "webrtc")
MESSAGING = _source("messaging", "", "messaging")


@dataclass(frozen=True, slots=True)
class Report:
    """What Telnyx says of a report. `url` is empty until it is complete."""

    report_id: str
    status: ReportStatus
    url: str


class _Data(msgspec.Struct):
    id: msgspec.Raw = ABSENT
    status: msgspec.Raw = ABSENT
    report_url: msgspec.Raw = ABSENT


class _Answer(msgspec.Struct):
    data: _Data


def order_request(source: ReportSource, window: Window) -> Request[Report]:
    """An order: all records of the window, in UTC, with all the columns that Telnyx has. Raises InvalidInput."""
    if window.from_at >= window.to_at:
        raise InvalidInput("from_time must be before to_time", field="to_time")
    order: dict[str, object] = {
        "start_time": format_rfc3339(window.from_at),
        "end_time": format_rfc3339(window.to_at),
        "report_name": "tollbook",
        "timezone": "UTC",
        "record_types": _EVERY_OUTCOME,
    }
    if source.word:
        order |= {"source": source.word, "call_types": _BOTH_DIRECTIONS, "include_all_metadata": True}
    else:
        order |= {"directions": _BOTH_DIRECTIONS, "include_message_body": False}
    return Request(
        _ENDPOINT,
        {},
        parse_report,
        f"[TELNYX REPORT ORDER] {source.record_type.name}",
        path=f"{_PATH}/{source.family}",
        order=msgspec.json.encode(order),
    )


def report_request(source: ReportSource, report_id: str) -> Request[Report]:
    """What became of a report. Raises InvalidInput."""
    if not 0 < len(report_id) <= _MAX_ID_LENGTH or not report_id.isprintable():
        raise InvalidInput(
            f"report_id must have 1 to {_MAX_ID_LENGTH} printable characters", field="report_id"
        )
    return Request(
        _ENDPOINT,
        {},
        parse_report,
        f"[TELNYX REPORT] {source.record_type.name}",
        path=f"{_PATH}/{source.family}/{quote(report_id, safe='')}",
        absent="Telnyx knows no such report",
    )


def parse_report(body: bytes) -> Report:
    """Its status is a number in voice reports and a word in those of messages. Raises UnreadableAnswer."""
    try:
        data = msgspec.json.decode(body, type=_Answer).data
    except DECODE_ERRORS as error:
        raise UnreadableAnswer(f"not a report: {error}") from error
    reader = ValueReader()
    report_id = reader.text(data.id, "id")
    word = reader.text(data.status, "status").upper()
    url = reader.text(data.report_url, "report_url", MAX_TEXT_LENGTH)
    if not report_id or word not in _STATUSES or reader.unreadable:
        raise UnreadableAnswer("; ".join(reader.unreadable) or f"a report without an id or status: {word!r}")
    return Report(report_id, _STATUSES[word], url)
