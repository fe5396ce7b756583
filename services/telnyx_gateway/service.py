"""TelnyxGatewayService: protobuf in and out, nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from services.common.clock import Clock
from services.common.errors import InvalidInput
from services.common.wire import optional_time, to_date, to_money, to_timestamp
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.decode import decode_day, decode_priority
from services.telnyx_gateway.detail_query import DetailQuery, Window, make_query
from services.telnyx_gateway.detail_reader import Complete, DetailReader, RecordPage
from services.telnyx_gateway.public_keys import parse_public_keys
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.quota_gate import QuotaGate
from services.telnyx_gateway.request import Request
from services.telnyx_gateway.shared_balance import SharedBalance
from services.telnyx_gateway.usage import product_of, read_usage
from services.telnyx_vocabulary.wire import encode_record
from tollbook.telnyx.v1 import telnyx_gateway_pb2 as pb
from tollbook.telnyx.v1 import telnyx_gateway_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]

_PUBLIC_KEY: Request[tuple[str, ...]] = Request("public_key", {}, parse_public_keys, "[TELNYX PUBLIC KEY]")


class TelnyxGatewayService(telnyx_gateway_pb2_grpc.TelnyxGatewayServiceServicer):
    """Answers for one Telnyx account. Every method raises what its reader raises; the interceptor maps it."""

    def __init__(
        self,
        client: TelnyxClient,
        balance: SharedBalance,
        reader: DetailReader,
        detail_gate: QuotaGate,
        clock: Clock,
        account_key: str,
    ) -> None:
        self._client = client
        self._balance = balance
        self._reader = reader
        self._detail_gate = detail_gate
        self._clock = clock
        self._account_key = account_key

    async def GetBalance(self, request: pb.GetBalanceRequest, context: Context) -> pb.GetBalanceResponse:
        reading = await self._balance.read(_decode_age_s(request))
        balance = reading.balance
        return pb.GetBalanceResponse(
            balance=to_money(balance.balance),
            pending=to_money(balance.pending),
            credit_limit=to_money(balance.credit_limit),
            available_credit=to_money(balance.available_credit),
            read_time=to_timestamp(reading.read_at),
        )

    async def GetPublicKeys(
        self,
        request: pb.GetPublicKeysRequest,
        context: Context,
    ) -> pb.GetPublicKeysResponse:
        public_keys = await self._client.ask(_PUBLIC_KEY, Priority.PERSON)
        return pb.GetPublicKeysResponse(public_keys=public_keys)

    async def ListDetailRecords(
        self,
        request: pb.ListDetailRecordsRequest,
        context: Context,
    ) -> AsyncIterator[pb.ListDetailRecordsResponse]:
        query, priority = _decode_query(request), decode_priority(request.priority)
        async for item in self._reader.read(query, priority):
            yield _encode_item(item)

    async def CountDetailRecords(
        self, request: pb.CountDetailRecordsRequest, context: Context
    ) -> pb.CountDetailRecordsResponse:
        window = _decode_window(request)
        if window is None:
            raise InvalidInput("a count needs from_time and to_time", field="from_time")
        query = make_query(request.record_type, window)
        counted = await self._reader.count(query, decode_priority(request.priority))
        return pb.CountDetailRecordsResponse(
            total_results=counted.total_results,
            read_time=to_timestamp(counted.read_at),
            query_form=counted.query_form,
            account_key=counted.account_key,
            request_count=counted.request_count,
        )

    async def ListUsage(self, request: pb.ListUsageRequest, context: Context) -> pb.ListUsageResponse:
        product = product_of(request.record_type)
        days = (decode_day(request.from_day, "from_day"), decode_day(request.to_day, "to_day"))
        priority = decode_priority(request.priority)
        usage = await read_usage(self._client, self._clock, product, days, priority)
        return pb.ListUsageResponse(
            days=[
                pb.UsageDay(day=to_date(row.day), cost=to_money(row.cost), decimals=row.decimals)
                for row in usage.days
            ],
            read_time=to_timestamp(usage.read_at),
            account_key=self._account_key,
        )

    async def GetQuota(self, request: pb.GetQuotaRequest, context: Context) -> pb.GetQuotaResponse:
        report = self._detail_gate.report()
        return pb.GetQuotaResponse(
            limit=report.limit,
            remaining=report.remaining,
            reset_time=to_timestamp(report.reset_at),
            used_by_others=report.used_by_others,
        )


def _decode_age_s(request: pb.GetBalanceRequest) -> float:
    age_s = request.max_age.seconds + request.max_age.nanos / 1e9
    if age_s < 0:
        raise InvalidInput("max_age must not be negative", field="max_age")
    return age_s


def _decode_query(request: pb.ListDetailRecordsRequest) -> DetailQuery:
    id_kind = request.WhichOneof("id_filter")
    id_value = getattr(request, id_kind) if id_kind else ""
    return make_query(request.record_type, _decode_window(request), id_kind, id_value)


def _decode_window(request: pb.ListDetailRecordsRequest | pb.CountDetailRecordsRequest) -> Window | None:
    from_at, to_at = optional_time(request, "from_time"), optional_time(request, "to_time")
    if (from_at is None) != (to_at is None):
        raise InvalidInput("give both from_time and to_time, or neither", field="to_time")
    return Window(from_at, to_at) if from_at and to_at else None


def _encode_item(item: RecordPage | Complete) -> pb.ListDetailRecordsResponse:
    if isinstance(item, Complete):
        return pb.ListDetailRecordsResponse(
            complete=pb.DetailRecordsComplete(
                total_results=item.total_results,
                read_time=to_timestamp(item.read_at),
                query_form=item.query_form,
                account_key=item.account_key,
                request_count=item.request_count,
            )
        )
    return pb.ListDetailRecordsResponse(
        page=pb.DetailRecordPage(
            records=[encode_record(record) for record in item.records],
            page_number=item.page_number,
            total_pages=item.total_pages,
            total_results=item.total_results,
        )
    )
