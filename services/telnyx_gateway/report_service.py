"""ReportService: protobuf in and out, nothing else."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc

from services.common.errors import InvalidInput
from services.common.wire import optional_time, to_timestamp
from services.telnyx_gateway import failpoints
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.detail_query import Window
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.report_reader import ReportEnd, ReportReader, ReportRows
from services.telnyx_gateway.reports import (
    CALL_CONTROL,
    CALLS,
    FAX,
    MESSAGING,
    WEBRTC,
    ReportSource,
    order_request,
    report_request,
)
from services.telnyx_vocabulary.wire import encode_record
from tollbook.telnyx.v1 import reports_pb2 as pb
from tollbook.telnyx.v1 import reports_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]

_SOURCES: Mapping[int, ReportSource] = {
    pb.REPORT_SOURCE_CALLS: CALLS,
    pb.REPORT_SOURCE_CALL_CONTROL: CALL_CONTROL,
    pb.REPORT_SOURCE_FAX: FAX,
    pb.REPORT_SOURCE_WEBRTC: WEBRTC,
    pb.REPORT_SOURCE_MESSAGING: MESSAGING,
}


class ReportService(reports_pb2_grpc.ReportServiceServicer):
    """Answers for one Telnyx account. Every method raises what its reader raises; the interceptor maps it."""

    def __init__(self, client: TelnyxClient, reader: ReportReader, account_key: str) -> None:
        self._client = client
        self._reader = reader
        self._account_key = account_key

    async def CreateReport(
        self, request: pb.CreateReportRequest, context: Context
    ) -> pb.CreateReportResponse:
        order = order_request(_decode_source(request.source), _decode_window(request))
        report = await self._client.ask(order, Priority.BACKGROUND)
        failpoints.REPORT_ORDERED.reached()
        return pb.CreateReportResponse(report_id=report.report_id)

    async def GetReport(self, request: pb.GetReportRequest, context: Context) -> pb.GetReportResponse:
        asked = report_request(_decode_source(request.source), request.report_id)
        report = await self._client.ask(asked, Priority.BACKGROUND)
        return pb.GetReportResponse(status=pb.ReportStatus.ValueType(report.status))

    async def ReadReport(
        self, request: pb.ReadReportRequest, context: Context
    ) -> AsyncIterator[pb.ReadReportResponse]:
        source = _decode_source(request.source)
        async for item in self._reader.read(source, request.report_id):
            yield self._encode_item(item)
            failpoints.REPORT_TOLD.reached()

    def _encode_item(self, item: ReportRows | ReportEnd) -> pb.ReadReportResponse:
        if isinstance(item, ReportRows):
            rows = pb.ReportRows(records=map(encode_record, item.records), has_record_ids=item.has_record_ids)
            return pb.ReadReportResponse(rows=rows)
        return pb.ReadReportResponse(
            complete=pb.ReportComplete(
                row_count=item.row_count,
                broken_count=item.broken_count,
                has_record_ids=item.has_record_ids,
                missing_columns=item.missing_columns,
                read_time=to_timestamp(item.read_at),
                account_key=self._account_key,
            )
        )


def _decode_source(value: int) -> ReportSource:
    source = _SOURCES.get(value)
    if source is None:
        raise InvalidInput("source names no kind of report", field="source")
    return source


def _decode_window(request: pb.CreateReportRequest) -> Window:
    from_at, to_at = optional_time(request, "from_time"), optional_time(request, "to_time")
    if from_at is None or to_at is None:
        raise InvalidInput("a report needs from_time and to_time", field="from_time")
    return Window(from_at, to_at)
