"""The services behind the edge, as gRPC stubs on channels that are opened and closed together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.channel import open_channel
from services.common.freshness.onlooker import Onlooker
from services.common.rpc_errors import from_rpc_error
from tollbook.ledger.v1.balance_pb2_grpc import BalanceServiceStub
from tollbook.ledger.v1.ledger_pb2 import (
    ExportChargesRequest,
    ExportChargesResponse,
    RecordEventsRequest,
    WatchChargesRequest,
    WatchChargesResponse,
)
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from tollbook.reconciler.v1.audit_pb2_grpc import AuditServiceStub
from tollbook.reconciler.v1.reconciler_pb2_grpc import ReconcilerServiceStub
from tollbook.telnyx.v1.telnyx_gateway_pb2 import GetPublicKeysRequest
from tollbook.telnyx.v1.telnyx_gateway_pb2_grpc import TelnyxGatewayServiceStub
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent

_LEDGER_SERVICE = "tollbook.ledger.v1.LedgerService"
_RECORD_TIMEOUT_S = 5.0
_HEALTH_TIMEOUT_S = 2.0
_EXPORT_TIMEOUT_S = 6 * 3600.0
"""Ten million charges, 1.6 GB, over a line of a megabit take half of it."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the services are (gRPC targets)."""

    ledger: str
    telnyx_gateway: str
    reconciler: str


class Backends:
    """What the edge calls. A call on a stub that fails raises grpc's AioRpcError."""

    def __init__(
        self, ledger: grpc.aio.Channel, telnyx_gateway: grpc.aio.Channel, reconciler: grpc.aio.Channel
    ) -> None:
        self.ledger = LedgerServiceStub(ledger)
        self.balances = BalanceServiceStub(ledger)
        self.telnyx = TelnyxGatewayServiceStub(telnyx_gateway)
        self.reconciler = ReconcilerServiceStub(reconciler)
        self.audits = AuditServiceStub(reconciler)
        self.onlooker = Onlooker(
            {"ledger": ledger, "telnyx-gateway": telnyx_gateway, "reconciler": reconciler}
        )
        self._ledger_health = health_pb2_grpc.HealthStub(ledger)

    async def record_events(self, events: Sequence[WebhookEvent]) -> None:
        """Commit webhook events in the ledger. Raises TollbookError."""
        try:
            await self.ledger.RecordEvents(RecordEventsRequest(events=events), timeout=_RECORD_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def fetch_public_keys(self) -> Sequence[str]:
        """The account's webhook keys in base64. Raises TollbookError."""
        try:
            response = await self.telnyx.GetPublicKeys(GetPublicKeysRequest())
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return list(response.public_keys)

    def watch_charges(
        self, request: WatchChargesRequest
    ) -> grpc.aio.UnaryStreamCall[WatchChargesRequest, WatchChargesResponse]:
        """The ledger's feed. While the ledger is away it fails at once: whoever watches wants to know."""
        return self.ledger.WatchCharges(request, wait_for_ready=False)

    def export_charges(
        self, request: ExportChargesRequest
    ) -> grpc.aio.UnaryStreamCall[ExportChargesRequest, ExportChargesResponse]:
        """Charges as lines of CSV, as slowly as they are read. While the ledger is away it fails at once."""
        return self.ledger.ExportCharges(request, timeout=_EXPORT_TIMEOUT_S, wait_for_ready=False)

    async def ledger_serves(self) -> bool:
        """Whether the ledger answers at once that it works."""
        request = health_pb2.HealthCheckRequest(service=_LEDGER_SERVICE)
        try:
            answer = await self._ledger_health.Check(request, timeout=_HEALTH_TIMEOUT_S, wait_for_ready=False)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def open_backends(targets: Targets) -> AsyncIterator[Backends]:
    """The three services on channels of their own. Opening waits for none of them."""
    async with AsyncExitStack() as stack:
        yield Backends(
            ledger=await stack.enter_async_context(open_channel(targets.ledger)),
            telnyx_gateway=await stack.enter_async_context(open_channel(targets.telnyx_gateway)),
            reconciler=await stack.enter_async_context(open_channel(targets.reconciler)),
        )
