"""A ledger and a telnyx-gateway that answer over real gRPC with what a test put into them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.errors import NotFound, TollbookError
from services.common.server import Endpoint, open_server
from services.reconciler.ledger_client import LedgerClient
from services.reconciler.telnyx_client import TelnyxClient
from tollbook.ledger.v1 import ledger_pb2, ledger_pb2_grpc
from tollbook.telnyx.v1 import telnyx_gateway_pb2, telnyx_gateway_pb2_grpc

LOOPBACK = Address("127.0.0.1", 0)
_Context = grpc.aio.ServicerContext[Any, Any]


class LedgerServer(ledger_pb2_grpc.LedgerServiceServicer):
    """Keeps what it was sent; answers from `answers`, by method, in order."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.answers: dict[str, list[Any]] = {}

    async def _answer(self, method: str, request: Any) -> Any:
        kept = type(request)()
        kept.CopyFrom(request)
        self.requests.append(kept)
        answer = self.answers[method].pop(0)
        if isinstance(answer, TollbookError):
            raise answer
        return answer

    async def ListUnsettled(self, request: ledger_pb2.ListUnsettledRequest, context: _Context) -> Any:  # noqa: N802
        return await self._answer("ListUnsettled", request)

    async def RecordDetailRecords(  # noqa: N802
        self, request: ledger_pb2.RecordDetailRecordsRequest, context: _Context
    ) -> Any:
        return await self._answer("RecordDetailRecords", request)

    async def RecordSweep(self, request: ledger_pb2.RecordSweepRequest, context: _Context) -> Any:  # noqa: N802
        return await self._answer("RecordSweep", request)

    async def RecordUsage(self, request: ledger_pb2.RecordUsageRequest, context: _Context) -> Any:  # noqa: N802
        return await self._answer("RecordUsage", request)

    async def ListSweeps(self, request: ledger_pb2.ListSweepsRequest, context: _Context) -> Any:  # noqa: N802
        return await self._answer("ListSweeps", request)

    async def CountHeldRecords(  # noqa: N802
        self, request: ledger_pb2.CountHeldRecordsRequest, context: _Context
    ) -> Any:
        return await self._answer("CountHeldRecords", request)

    async def GetCall(self, request: ledger_pb2.GetCallRequest, context: _Context) -> Any:  # noqa: N802
        return await self._answer("GetCall", request)

    async def ListCharges(self, request: ledger_pb2.ListChargesRequest, context: _Context) -> Any:  # noqa: N802
        return await self._answer("ListCharges", request)

    async def RecordEvents(self, request: ledger_pb2.RecordEventsRequest, context: _Context) -> Any:  # noqa: N802
        raise NotFound("the reconciler never records events")

    async def GetSession(self, request: ledger_pb2.GetSessionRequest, context: _Context) -> Any:  # noqa: N802
        raise NotFound("the reconciler never asks for sessions")

    async def Summarize(self, request: ledger_pb2.SummarizeRequest, context: _Context) -> Any:  # noqa: N802
        raise NotFound("the reconciler never asks for sums")


class TelnyxServer(telnyx_gateway_pb2_grpc.TelnyxGatewayServiceServicer):
    """Streams `parts`, then raises `fault` if there is one. `patience_s`: how long a caller waits for usage."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.parts: list[telnyx_gateway_pb2.ListDetailRecordsResponse] = []
        self.usage = telnyx_gateway_pb2.ListUsageResponse()
        self.counted = telnyx_gateway_pb2.CountDetailRecordsResponse()
        self.patience_s = 0.0
        self.fault: TollbookError | None = None

    async def ListDetailRecords(  # noqa: N802
        self, request: telnyx_gateway_pb2.ListDetailRecordsRequest, context: _Context
    ) -> AsyncIterator[telnyx_gateway_pb2.ListDetailRecordsResponse]:
        self.requests.append(request)
        for part in self.parts:
            yield part
        if self.fault is not None:
            raise self.fault

    async def CountDetailRecords(  # noqa: N802
        self, request: telnyx_gateway_pb2.CountDetailRecordsRequest, context: _Context
    ) -> Any:
        self.requests.append(request)
        if self.fault is not None:
            raise self.fault
        return self.counted

    async def ListUsage(self, request: telnyx_gateway_pb2.ListUsageRequest, context: _Context) -> Any:  # noqa: N802
        self.requests.append(request)
        self.patience_s = context.time_remaining()
        if self.fault is not None:
            raise self.fault
        return self.usage

    async def GetBalance(self, request: telnyx_gateway_pb2.GetBalanceRequest, context: _Context) -> Any:  # noqa: N802
        raise NotFound("the reconciler never asks for the balance")

    async def GetPublicKeys(  # noqa: N802
        self, request: telnyx_gateway_pb2.GetPublicKeysRequest, context: _Context
    ) -> Any:
        raise NotFound("the reconciler never asks for keys")

    async def GetQuota(self, request: telnyx_gateway_pb2.GetQuotaRequest, context: _Context) -> Any:  # noqa: N802
        raise NotFound("the reconciler never asks for the quota")


@dataclass(slots=True)
class Backends:
    """Both servers, where they listen, and the reconciler's clients of them."""

    ledger: LedgerServer = field(default_factory=LedgerServer)
    telnyx: TelnyxServer = field(default_factory=TelnyxServer)
    ledger_target: str = ""
    telnyx_target: str = ""
    ledger_client: LedgerClient = field(init=False)
    telnyx_client: TelnyxClient = field(init=False)


@asynccontextmanager
async def running_backends() -> AsyncIterator[Backends]:
    """Serve both on loopback ports of their own."""
    backends = Backends()
    async with AsyncExitStack() as stack:
        add_ledger = partial(ledger_pb2_grpc.add_LedgerServiceServicer_to_server, backends.ledger)
        add_telnyx = partial(
            telnyx_gateway_pb2_grpc.add_TelnyxGatewayServiceServicer_to_server, backends.telnyx
        )
        ledger_at = await stack.enter_async_context(open_server(_endpoint(add_ledger)))
        telnyx_at = await stack.enter_async_context(open_server(_endpoint(add_telnyx)))
        backends.ledger_target, backends.telnyx_target = str(ledger_at), str(telnyx_at)
        backends.ledger_client = LedgerClient(await stack.enter_async_context(open_channel(str(ledger_at))))
        backends.telnyx_client = TelnyxClient(await stack.enter_async_context(open_channel(str(telnyx_at))))
        yield backends


def _endpoint(add_servicers: Any) -> Endpoint:
    return Endpoint(
        listen=LOOPBACK, listen_variable="TEST_LISTEN", service_names=(), add_servicers=add_servicers
    )
