"""Calls whose answer depends on webhook events wait for those that were acknowledged before them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    # Generic in its type stubs only.
    _Handler = grpc.RpcMethodHandler[Any, Any]

_Context = grpc.aio.ServicerContext[Any, Any]

WAITING = frozenset(
    {
        "/tollbook.ledger.v1.BalanceService/GetStatement",
        "/tollbook.ledger.v1.LedgerService/ExportCharges",
        "/tollbook.ledger.v1.LedgerService/GetCall",
        "/tollbook.ledger.v1.LedgerService/GetCharge",
        "/tollbook.ledger.v1.LedgerService/GetSession",
        "/tollbook.ledger.v1.LedgerService/ListCallFacts",
        "/tollbook.ledger.v1.LedgerService/ListCharges",
        "/tollbook.ledger.v1.LedgerService/ListUnsettled",
        "/tollbook.ledger.v1.LedgerService/RecordDetailRecords",
        "/tollbook.ledger.v1.LedgerService/RecordSweep",
        "/tollbook.ledger.v1.LedgerService/RecordUsage",
        "/tollbook.ledger.v1.LedgerService/Summarize",
        "/tollbook.ledger.v1.LedgerService/WatchCharges",
        "/tollbook.ledger.v1.ProofService/GetBookHealth",
        "/tollbook.ledger.v1.ProofService/ListBookDays",
        "/tollbook.ledger.v1.ProofService/ListDayRecords",
        "/tollbook.ledger.v1.ProofService/ReplayEvents",
        "/tollbook.ledger.v1.ProofService/VerifyBook",
    }
)
"""What a record, a sweep or a usage report costs does not depend on who came first, but a call that a record or a sweep
finds unannounced is settled by less."""


class ReadsWait(grpc.aio.ServerInterceptor):
    """Lets these calls begin once `caught_up` returns; what it raises is their answer."""

    def __init__(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        self._caught_up = caught_up

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method not in WAITING:
            return handler
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(handler.unary_stream),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _unary(self, behavior: Any) -> Any:
        async def call(request: Any, context: _Context) -> Any:
            await self._caught_up()
            return await behavior(request, context)

        return call

    def _stream(self, behavior: Any) -> Any:
        async def call(request: Any, context: _Context) -> AsyncIterator[Any]:
            await self._caught_up()
            async with aclosing(behavior(request, context)) as responses:
                async for response in responses:
                    yield response

        return call
