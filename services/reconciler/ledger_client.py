"""The ledger over gRPC, behind LedgerPort."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta

import grpc

from services.common.money import Money
from services.common.rpc_errors import from_rpc_error
from services.common.wire import from_money, from_timestamp, to_money, to_timestamp
from services.reconciler.audit.book_days import BookDay
from services.reconciler.audit.clients import BookDaysClient
from services.reconciler.backfill.days import DaySource
from services.reconciler.codec import (
    DAY_SOURCES,
    decode_call,
    decode_day_source,
    decode_item,
    decode_sweep,
    encode_day,
    encode_sweep,
)
from services.reconciler.ports import CallState, OpenItems
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.wire import encode_record
from tollbook.ledger.v1 import book_pb2, ledger_pb2, ledger_pb2_grpc, proof_pb2, proof_pb2_grpc
from tollbook.telnyx.v1 import telnyx_gateway_pb2

_PAGE_SIZE = 1_000
_MAX_RECORDS = 1_000
_WRITE_TIMEOUT_S = 30.0
_MESSAGE_MARGIN = timedelta(minutes=1)
_MAX_MESSAGE_PAGES = 5


class LedgerClient:
    """Calls of the ledger; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ledger_pb2_grpc.LedgerServiceStub(channel)
        self._days = BookDaysClient(channel)
        self._proof = proof_pb2_grpc.ProofServiceStub(channel)

    async def list_unsettled(self, changed_since: datetime | None) -> AsyncIterator[OpenItems]:
        request = ledger_pb2.ListUnsettledRequest(
            changed_since=to_timestamp(changed_since), page_size=_PAGE_SIZE
        )
        while True:
            answer = await self._list_unsettled(request)
            yield OpenItems(tuple(map(decode_item, answer.items)), from_timestamp(answer.read_time))
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    async def unsettled(self, record_ids: Sequence[str]) -> OpenItems:
        request = ledger_pb2.ListUnsettledRequest(record_ids=record_ids, page_size=_PAGE_SIZE)
        answer = await self._list_unsettled(request)
        return OpenItems(tuple(map(decode_item, answer.items)), from_timestamp(answer.read_time))

    async def _list_unsettled(
        self, request: ledger_pb2.ListUnsettledRequest
    ) -> ledger_pb2.ListUnsettledResponse:
        try:
            return await self._stub.ListUnsettled(request)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def record_records(self, records: Sequence[DetailRecord]) -> int:
        news = 0
        for start in range(0, len(records), _MAX_RECORDS):
            request = ledger_pb2.RecordDetailRecordsRequest(
                records=map(encode_record, records[start : start + _MAX_RECORDS])
            )
            try:
                answer = await self._stub.RecordDetailRecords(request, timeout=_WRITE_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from error
            news += answer.new_count + answer.changed_count
        return news

    async def record_sweep(self, sweep: Sweep) -> Sweep:
        request = ledger_pb2.RecordSweepRequest(sweep=encode_sweep(sweep))
        try:
            answer = await self._stub.RecordSweep(request, timeout=_WRITE_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return decode_sweep(answer.sweep)

    async def record_usage(self, usage: Usage) -> None:
        request = ledger_pb2.RecordUsageRequest(
            record_type=usage.record_type,
            days=[
                telnyx_gateway_pb2.UsageDay(
                    day=encode_day(row.day), cost=to_money(row.cost), decimals=row.decimals
                )
                for row in usage.days
            ],
            read_time=to_timestamp(usage.read_at),
            account_key=usage.account_key,
        )
        try:
            await self._stub.RecordUsage(request, timeout=_WRITE_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def held_counts(self, record_type: str, edges: Sequence[datetime]) -> list[int]:
        request = ledger_pb2.CountHeldRecordsRequest(
            record_type=record_type,
            edges=[stamp for edge in edges if (stamp := to_timestamp(edge)) is not None],
        )
        try:
            answer = await self._stub.CountHeldRecords(request)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return list(answer.counts)

    async def list_sweeps(self, read_since: datetime) -> AsyncIterator[tuple[Sweep, ...]]:
        request = ledger_pb2.ListSweepsRequest(read_since=to_timestamp(read_since), page_size=_PAGE_SIZE)
        while True:
            try:
                answer = await self._stub.ListSweeps(request)
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from error
            yield tuple(map(decode_sweep, answer.sweeps))
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    async def claim_day(self, record_type: str, day: date, source: DaySource) -> DaySource:
        request = proof_pb2.ClaimDayRequest(
            record_type=record_type, day=encode_day(day), source=DAY_SOURCES[source]
        )
        try:
            answer = await self._proof.ClaimDay(request)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return decode_day_source(answer.source) or source

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        return await self._days.book_days(from_day, to_day)

    async def call(self, call_id: str) -> CallState:
        try:
            return decode_call(await self._stub.GetCall(ledger_pb2.GetCallRequest(id=call_id)))
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def message_cost(self, message_id: str, sent_at: datetime) -> Money | None:
        request = ledger_pb2.ListChargesRequest(
            filter=ledger_pb2.ChargeFilter(
                from_time=to_timestamp(sent_at - _MESSAGE_MARGIN),
                to_time=to_timestamp(sent_at + _MESSAGE_MARGIN),
                kind=book_pb2.RECORD_KIND_SMS,
            ),
            page_size=_PAGE_SIZE,
        )
        for _ in range(_MAX_MESSAGE_PAGES):
            try:
                answer = await self._stub.ListCharges(request)
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from error
            for charge in answer.charges:
                if charge.record_id == message_id:
                    return from_money(charge.cost)
            if not answer.next_page_token:
                break
            request.page_token = answer.next_page_token
        return None
