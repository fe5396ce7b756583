"""A telnyx-gateway on a loopback port, in front of a sandbox account."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.server import open_server
from services.telnyx_gateway.app import open_endpoint
from services.telnyx_gateway.client import Backoff
from services.telnyx_gateway.settings import TelnyxGatewaySettings
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Settings
from tollbook.telnyx.v1.account_pb2_grpc import AccountServiceStub
from tollbook.telnyx.v1.reports_pb2_grpc import ReportServiceStub
from tollbook.telnyx.v1.telnyx_gateway_pb2_grpc import TelnyxGatewayServiceStub

LOOPBACK = Address("127.0.0.1", 0)
PLENTY = Settings(seed=7, quota_limit=1_000, quota_window_s=1, usage_quota_limit=100, analysis_delay_s=60)


@dataclass(frozen=True, slots=True)
class Gateway:
    """The three services of one telnyx-gateway."""

    telnyx: TelnyxGatewayServiceStub
    account: AccountServiceStub
    reports: ReportServiceStub


@asynccontextmanager
async def running_gateway(base_url: str, key: str | None) -> AsyncIterator[Gateway]:
    """Over real gRPC, with hardly a pause between attempts."""
    settings = TelnyxGatewaySettings(
        telnyx_api_key=SecretStr(key) if key else None,
        telnyx_api_base=base_url,
        telnyx_gateway_listen=LOOPBACK,
    )
    async with AsyncExitStack() as stack:
        endpoint = await open_endpoint(settings, stack, Backoff(first_s=0.01, longest_s=0.02))
        bound = await stack.enter_async_context(open_server(endpoint))
        channel = await stack.enter_async_context(open_channel(str(bound)))
        yield Gateway(
            TelnyxGatewayServiceStub(channel), AccountServiceStub(channel), ReportServiceStub(channel)
        )


@asynccontextmanager
async def gateway_of(settings: Settings = PLENTY) -> AsyncIterator[tuple[Sandbox, Gateway]]:
    """A sandbox and the telnyx-gateway of its account."""
    async with (
        Sandbox(settings) as sandbox,
        running_gateway(sandbox.base_url, settings.account_key) as gateway,
    ):
        yield sandbox, gateway
