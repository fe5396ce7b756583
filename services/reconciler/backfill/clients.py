"""The ledger's days and Telnyx's batch reports over gRPC, behind the backfill's ports."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import grpc

from services.common.rpc_errors import answer_of, from_rpc_error
from services.common.wire import from_timestamp, to_timestamp
from services.reconciler.backfill.days import Days, DaySource, DayState, TypeDay, days_of
from services.reconciler.backfill.plan import REPORT_FORM, REPORT_TYPES
from services.reconciler.backfill.ports import ChargeKind, ReportEnd, ReportRows, ReportStatus
from services.reconciler.codec import DAY_SOURCES, decode_day_source, decode_sweep, encode_day
from services.reconciler.windows import Window
from services.telnyx_vocabulary.wire import decode_record
from tollbook.ledger.v1 import book_pb2, ledger_pb2, ledger_pb2_grpc, proof_pb2, proof_pb2_grpc
from tollbook.telnyx.v1 import reports_pb2, reports_pb2_grpc

_MAX_DAYS = 366
_PAGE_SIZE = 1_000
_MAX_PAGES = 100
_UNREAD = DayState()
_LISTING_TIMEOUT_S = 60.0
_REPORT_TIMEOUT_S = 120.0
_DOWNLOAD_TIMEOUT_S = 6 * 3_600.0

_KINDS: "dict[ChargeKind, book_pb2.RecordKind.ValueType]" = {
    "call": book_pb2.RECORD_KIND_CALL,
    "sms": book_pb2.RECORD_KIND_SMS,
}

_REPORTS: "dict[str, reports_pb2.ReportSource.ValueType]" = {
    "sip-trunking": reports_pb2.REPORT_SOURCE_CALLS,
    "call-control": reports_pb2.REPORT_SOURCE_CALL_CONTROL,
    "webrtc": reports_pb2.REPORT_SOURCE_WEBRTC,
    "messaging": reports_pb2.REPORT_SOURCE_MESSAGING,
    "fax": reports_pb2.REPORT_SOURCE_FAX,
}

_STATUSES: "dict[reports_pb2.ReportStatus.ValueType, ReportStatus]" = {
    reports_pb2.REPORT_STATUS_COMPLETE: "complete",
    reports_pb2.REPORT_STATUS_FAILED: "failed",
    reports_pb2.REPORT_STATUS_EXPIRED: "expired",
}


class DaysClient:
    """The ledger's days; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._proof = proof_pb2_grpc.ProofServiceStub(channel)
        self._ledger = ledger_pb2_grpc.LedgerServiceStub(channel)

    async def day_states(self, days: Days) -> dict[TypeDay, DayState]:
        states: dict[TypeDay, DayState] = {}
        for part in _parts(days):
            request = proof_pb2.ListBookDaysRequest(
                from_day=encode_day(part.first), to_day=encode_day(part.after)
            )
            answer = await answer_of(self._proof.ListBookDays(request, timeout=_LISTING_TIMEOUT_S))
            for day in answer.days:
                key = (day.record_type, date(day.day.year, day.day.month, day.day.day))
                states[key] = DayState(decode_day_source(day.source), day.HasField("complete_time"))
        for name in REPORT_TYPES:
            if not all(states.get((name, day), _UNREAD).is_read for day in days):
                await self._take_in_empty_reports(name, days, states)
        return states

    async def _take_in_empty_reports(
        self, record_type: str, days: Days, states: dict[TypeDay, DayState]
    ) -> None:
        """A report without rows proves nothing of its type, but need not be ordered again."""
        request = ledger_pb2.ListSweepsRequest(
            record_type=record_type, verdict=book_pb2.SWEEP_VERDICT_UNPROVEN, page_size=_PAGE_SIZE
        )
        for _ in range(_MAX_PAGES):
            answer = await answer_of(self._ledger.ListSweeps(request, timeout=_LISTING_TIMEOUT_S))
            for sweep in map(decode_sweep, answer.sweeps):
                if sweep.query_form.startswith(REPORT_FORM):
                    for day in days_of([sweep.window]).intersection(days):
                        key = (record_type, day)
                        states[key] = replace(states.get(key, _UNREAD), is_read=True)
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    async def claim_days(
        self, record_type: str, days: Sequence[date], source: DaySource
    ) -> dict[date, DaySource]:
        request = proof_pb2.ClaimDaysRequest(
            record_type=record_type, days=map(encode_day, days), source=DAY_SOURCES[source]
        )
        answer = await answer_of(self._proof.ClaimDays(request, timeout=_LISTING_TIMEOUT_S))
        standing = (decode_day_source(one) or source for one in answer.sources)
        return dict(zip(days, standing, strict=True))

    async def charge_counts(self, kind: ChargeKind, days: Days) -> dict[date, int]:
        window = days.window
        request = ledger_pb2.SummarizeRequest(
            filter=ledger_pb2.ChargeFilter(
                from_time=to_timestamp(window.start_at),
                to_time=to_timestamp(window.end_at),
                kind=_KINDS[kind],
            ),
            group_by=ledger_pb2.GROUP_BY_DAY,
        )
        answer = await answer_of(self._ledger.Summarize(request, timeout=_LISTING_TIMEOUT_S))
        return {
            date.fromisoformat(group.key): sum(totals.count for totals in group.totals)
            for group in answer.groups
        }


class ReportsClient:
    """telnyx-gateway's reports; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = reports_pb2_grpc.ReportServiceStub(channel)

    async def create_report(self, record_type: str, window: Window) -> str:
        request = reports_pb2.CreateReportRequest(
            source=_REPORTS[record_type],
            from_time=to_timestamp(window.start_at),
            to_time=to_timestamp(window.end_at),
        )
        return (await answer_of(self._stub.CreateReport(request, timeout=_REPORT_TIMEOUT_S))).report_id

    async def report_status(self, record_type: str, report_id: str) -> ReportStatus:
        request = reports_pb2.GetReportRequest(source=_REPORTS[record_type], report_id=report_id)
        answer = await answer_of(self._stub.GetReport(request, timeout=_REPORT_TIMEOUT_S))
        return _STATUSES.get(answer.status, "pending")

    async def read_report(
        self, record_type: str, report_id: str
    ) -> AsyncGenerator[ReportRows | ReportEnd, None]:
        request = reports_pb2.ReadReportRequest(source=_REPORTS[record_type], report_id=report_id)
        try:
            async for message in self._stub.ReadReport(request, timeout=_DOWNLOAD_TIMEOUT_S):
                yield _decode_part(message)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error


def _decode_part(message: reports_pb2.ReadReportResponse) -> ReportRows | ReportEnd:
    if message.HasField("rows"):
        return ReportRows(tuple(map(decode_record, message.rows.records)), message.rows.has_record_ids)
    end = message.complete
    return ReportEnd(
        row_count=end.row_count,
        broken_count=end.broken_count,
        has_record_ids=end.has_record_ids,
        missing_columns=tuple(end.missing_columns),
        read_at=from_timestamp(end.read_time),
        account_key=end.account_key,
    )


def _parts(days: Days) -> list[Days]:
    """The days in pieces that one question may ask for."""
    step = timedelta(days=_MAX_DAYS)
    starts = [days.first + step * index for index in range(-(-days.count // _MAX_DAYS))]
    return [Days(start, min(start + step, days.after)) for start in starts]
