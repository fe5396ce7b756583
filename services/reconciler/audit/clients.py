"""The book's days and the products of usage_reports over gRPC, behind the audit's ports."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

import grpc

from services.common.rpc_errors import answer_of
from services.common.wire import from_money, from_timestamp, optional_money, optional_time
from services.reconciler.audit.book_days import BookDay, ChargeKind, DayRecord
from services.reconciler.codec import decode_day, decode_day_source, encode_day
from tollbook.ledger.v1 import book_pb2, proof_pb2, proof_pb2_grpc
from tollbook.telnyx.v1 import account_pb2, account_pb2_grpc

_PAGE_SIZE: Final = 1_000
_LISTING_TIMEOUT_S: Final = 60.0
_PATIENT_TIMEOUT_S: Final = 60.0

_KINDS: "dict[book_pb2.RecordKind.ValueType, ChargeKind]" = {
    book_pb2.RECORD_KIND_CALL: "call",
    book_pb2.RECORD_KIND_SMS: "sms",
    book_pb2.RECORD_KIND_OTHER: "other",
}


class BookDaysClient:
    """The ledger's days; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = proof_pb2_grpc.ProofServiceStub(channel)

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        request = proof_pb2.ListBookDaysRequest(from_day=encode_day(from_day), to_day=encode_day(to_day))
        answer = await answer_of(self._stub.ListBookDays(request, timeout=_LISTING_TIMEOUT_S))
        return tuple(map(decode_book_day, answer.days))

    async def day_records(self, record_type: str, day: date) -> AsyncIterator[tuple[DayRecord, ...]]:
        request = proof_pb2.ListDayRecordsRequest(
            record_type=record_type, day=encode_day(day), page_size=_PAGE_SIZE
        )
        while True:
            answer = await answer_of(self._stub.ListDayRecords(request, timeout=_LISTING_TIMEOUT_S))
            yield tuple(map(decode_day_record, answer.records))
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token


class UsageProductsClient:
    """What usage_reports know; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = account_pb2_grpc.AccountServiceStub(channel)

    async def usage_products(self) -> tuple[str, ...]:
        request = account_pb2.ListUsageProductsRequest()
        return tuple(
            (await answer_of(self._stub.ListUsageProducts(request, timeout=_PATIENT_TIMEOUT_S))).products
        )


def decode_book_day(message: proof_pb2.BookDay) -> BookDay:
    """One day of one type in one currency."""
    return BookDay(
        record_type=message.record_type,
        day=decode_day(message.day),
        book=from_money(message.book_cost),
        record_count=message.record_count,
        unreadable_count=message.unreadable_count,
        open_count=message.open_count,
        reported=optional_money(message, "reported_cost"),
        reported_decimals=message.reported_decimals,
        reported_at=optional_time(message, "reported_time"),
        source=decode_day_source(message.source),
        is_complete=message.HasField("complete_time"),
    )


def decode_day_record(message: proof_pb2.DayRecord) -> DayRecord:
    """One record of a day."""
    return DayRecord(
        record_id=message.record_id,
        record_at=optional_time(message, "record_time"),
        cost=optional_money(message, "cost"),
        unbilled=optional_money(message, "unbilled_cost"),
        kind=_KINDS.get(message.kind, ""),
        charge_id=message.charge_record_id,
        first_observed_at=from_timestamp(message.first_observed_time),
        last_observed_at=from_timestamp(message.last_observed_time),
        content_count=message.content_count,
    )
