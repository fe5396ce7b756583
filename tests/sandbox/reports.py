"""Batch detail-record reports: ordered, pending for a while, then complete. Source: facts, section 6."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tests.sandbox.answers import bad_request, not_found
from tests.sandbox.clock import Clock, from_text, to_second_text
from tests.sandbox.record_types import RecordType, record_type
from tests.sandbox.settings import Faults

Family = Literal["voice", "messaging"]
Row = dict[str, object]
PENDING, COMPLETE, FAILED, EXPIRED = 1, 2, 3, 4
_STATUS_WORDS = {PENDING: "PENDING", COMPLETE: "COMPLETE", FAILED: "FAILED", EXPIRED: "EXPIRED"}
SOURCES = {"calls": "sip-trunking", "call-control": "call-control", "fax-api": "fax", "webrtc": "webrtc"}
_MAX_DAYS = 31


class _Order(msgspec.Struct):
    start_time: str
    end_time: str
    source: str = "calls"
    report_name: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Report:
    """Its rows are the records of one type from `start` to before `end`."""

    report_id: str
    family: Family
    order: _Order
    record_type: RecordType
    start: datetime
    end: datetime
    ordered_at: datetime

    def status(self, now: datetime, faults: Faults) -> int:
        """What became of it so far."""
        if now < self.ordered_at + timedelta(seconds=faults.report_delay_s):
            return PENDING
        return {"fail": FAILED, "expire": EXPIRED}.get(faults.report_outcome, COMPLETE)


@dataclass(slots=True)
class Reports:
    """The reports that one account ordered."""

    _by_id: dict[str, Report] = field(default_factory=dict)

    def order(self, family: Family, body: bytes, clock: Clock) -> Report:
        """Take an order. Raises ApiError 400."""
        try:
            order = msgspec.json.decode(body, type=_Order)
            start, end = from_text(order.start_time), from_text(order.end_time)
        except (msgspec.DecodeError, ValueError) as error:
            raise bad_request(f"Invalid report: {error}") from None
        if not start < end <= start + timedelta(days=_MAX_DAYS):
            raise bad_request(f"A report is of 1 second to {_MAX_DAYS} days")
        if order.source not in SOURCES:
            raise bad_request(f"source: one of {', '.join(SOURCES)}")
        type_name = SOURCES[order.source] if family == "voice" else "messaging"
        report_id = str(uuid.UUID(int=len(self._by_id) + 1, version=4))
        report = Report(report_id, family, order, record_type(type_name), start, end, clock())
        self._by_id[report_id] = report
        return report

    def find(self, report_id: str, family: Family | None = None) -> Report:
        """Raises ApiError 404."""
        report = self._by_id.get(report_id)
        if report is None or family not in (None, report.family):
            raise not_found()
        return report


def report_data(report: Report, now: datetime, faults: Faults, base_url: str) -> Row:
    """What the API says of a report; `report_url` only once it is complete."""
    status = report.status(now, faults)
    url = f"{base_url}/reports/{report.report_id}.csv" if status == COMPLETE else None
    common: Row = {
        "id": report.report_id,
        "report_name": report.order.report_name,
        "report_url": url,
        "created_at": to_second_text(report.ordered_at),
        "updated_at": to_second_text(now),
        "connections": [],
        "filters": [],
    }
    if report.family == "messaging":
        return common | {
            "record_type": "mdr_report",
            "start_date": to_second_text(report.start),
            "end_date": to_second_text(report.end),
            "status": _STATUS_WORDS[status],
            "directions": ["INBOUND", "OUTBOUND"],
            "record_types": ["COMPLETED", "INCOMPLETE"],
            "profiles": [],
        }
    return common | {
        "record_type": "cdr_detailed_report",
        "start_time": to_second_text(report.start),
        "end_time": to_second_text(report.end),
        "status": status,
        "source": report.order.source,
        "timezone": report.order.timezone,
        "call_types": [1, 2],
        "record_types": [1, 2],
        "managed_accounts": [],
        "retry": 0,
    }
