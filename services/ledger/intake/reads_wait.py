"""Calls whose answer depends on webhook events wait for those that were acknowledged before them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc

from services.common.errors import DiskFull
from services.ledger.intake.room import Room

if TYPE_CHECKING:
    # Generic in its type stubs only.
    _Handler = grpc.RpcMethodHandler[Any, Any]

_Context = grpc.aio.ServicerContext[Any, Any]

READ_PATIENCE_S = 2.0
"""A person or a loop that reads can ask again."""

_NEED_ROOM = frozenset({"/tollbook.ledger.v1.LedgerService/ListUnsettled"})
"""Reads that are refused while the disk is full: what is then asked at Telnyx could not be recorded."""

WRITE_PATIENCE_S = 10.0
"""What is to be recorded has cost some of Telnyx's quota."""

PATIENCE_S: Mapping[str, float] = {
    "/tollbook.ledger.v1.BalanceService/GetStatement": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/ExportCharges": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/GetCall": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/GetCharge": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/GetSession": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/ListCallFacts": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/ListCharges": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/ListUnsettled": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/RecordDetailRecords": WRITE_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/RecordSweep": WRITE_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/RecordUsage": WRITE_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/Summarize": READ_PATIENCE_S,
    "/tollbook.ledger.v1.LedgerService/WatchCharges": READ_PATIENCE_S,
    "/tollbook.ledger.v1.ProofService/GetBookHealth": READ_PATIENCE_S,
    "/tollbook.ledger.v1.ProofService/ListBookDays": READ_PATIENCE_S,
    "/tollbook.ledger.v1.ProofService/ListDayRecords": READ_PATIENCE_S,
    "/tollbook.ledger.v1.ProofService/ReplayEvents": WRITE_PATIENCE_S,
    "/tollbook.ledger.v1.ProofService/VerifyBook": WRITE_PATIENCE_S,
}
"""How long each of these calls waits. What a record, a sweep or a usage report costs does not depend on who came first;
but a call that they find unannounced is settled by less."""


class ReadsWait(grpc.aio.ServerInterceptor):
    """Lets these calls begin once `caught_up(patience_s)` returns; what it raises is their answer.

    While the disk is full nothing more is acknowledged or booked: plain reads are answered from the book as it is.
    """

    def __init__(self, caught_up: Callable[[float], Awaitable[None]], room: Room) -> None:
        self._caught_up = caught_up
        self._room = room

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method not in PATIENCE_S:
            return handler
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(handler.unary_stream, method),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(handler.unary_unary, method),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _unary(self, behavior: Any, method: str) -> Any:
        async def call(request: Any, context: _Context) -> Any:
            await self._begin(method)
            try:
                return await behavior(request, context)
            except DiskFull:
                self._room.refused("growing")
                raise

        return call

    def _stream(self, behavior: Any, method: str) -> Any:
        async def call(request: Any, context: _Context) -> AsyncIterator[Any]:
            await self._begin(method)
            async with aclosing(behavior(request, context)) as responses:
                async for response in responses:
                    yield response

        return call

    async def _begin(self, method: str) -> None:
        patience_s = PATIENCE_S[method]
        try:
            await self._caught_up(patience_s)
        except DiskFull:
            if patience_s != READ_PATIENCE_S or method in _NEED_ROOM:
                raise
