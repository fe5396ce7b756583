"""Putting telnyx-gateway together from its settings."""

from contextlib import AsyncExitStack
from functools import partial

import grpc
import structlog

from services.common.clock import SystemClock
from services.common.server import Endpoint
from services.common.told_clock import ToldClock
from services.telnyx_gateway.account import account_key
from services.telnyx_gateway.account_service import AccountService
from services.telnyx_gateway.balance import BALANCE
from services.telnyx_gateway.client import Backoff, TelnyxClient
from services.telnyx_gateway.detail_reader import DetailReader
from services.telnyx_gateway.download import Downloader
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.quota_gate import QuotaGate
from services.telnyx_gateway.report_reader import ReportReader
from services.telnyx_gateway.report_service import ReportService
from services.telnyx_gateway.service import TelnyxGatewayService
from services.telnyx_gateway.settings import TelnyxGatewaySettings
from services.telnyx_gateway.shared_balance import SharedBalance
from tollbook.telnyx.v1 import (
    account_pb2,
    account_pb2_grpc,
    reports_pb2,
    reports_pb2_grpc,
    telnyx_gateway_pb2,
    telnyx_gateway_pb2_grpc,
)

_SERVICE_NAMES = (
    telnyx_gateway_pb2.DESCRIPTOR.services_by_name["TelnyxGatewayService"].full_name,
    account_pb2.DESCRIPTOR.services_by_name["AccountService"].full_name,
    reports_pb2.DESCRIPTOR.services_by_name["ReportService"].full_name,
)
# What is assumed until answers tell, as (requests, seconds): 40 and 5 were measured; nobody has told of the others.
_QUOTAS = {
    "detail_records": (40, 60),
    "usage_reports": (5, 1),
    "balance": (300, 60),
    "public_key": (60, 60),
    "usage_options": (60, 60),
    "charges_summary": (60, 60),
    "call_control_applications": (60, 60),
    "session_analysis": (60, 60),
    "webhook_deliveries": (60, 60),
    "reports": (30, 60),
}
_log = structlog.get_logger()


async def open_endpoint(
    settings: TelnyxGatewaySettings, stack: AsyncExitStack, backoff: Backoff | None = None
) -> Endpoint:
    """The endpoint of telnyx-gateway; what it needs is closed with the stack."""
    api_key = settings.telnyx_api_key.get_secret_value() if settings.telnyx_api_key else ""
    if not api_key:
        _log.warning(
            "telnyx_key.missing", message="TELNYX_API_KEY is not set: every question to Telnyx is refused"
        )
    machine = SystemClock()
    clock = ToldClock(machine)
    gates = {name: QuotaGate(name, limit, window_s, clock) for name, (limit, window_s) in _QUOTAS.items()}
    client = TelnyxClient(
        settings.telnyx_api_base, api_key, gates, machine, backoff=backoff or Backoff(), told=clock.told
    )
    stack.push_async_callback(client.close)
    balance = SharedBalance(partial(client.ask, BALANCE, Priority.PERSON), clock)
    stack.push_async_callback(balance.close)
    key = account_key(api_key)
    reader = DetailReader(client, clock, key)
    service = TelnyxGatewayService(client, balance, reader, gates["detail_records"], clock, key)
    downloader = Downloader(settings.telnyx_api_base, api_key)
    stack.push_async_callback(downloader.close)
    account = AccountService(client, clock)
    reports = ReportService(client, ReportReader(client, downloader, clock), key)

    def add_servicers(server: grpc.aio.Server) -> None:
        telnyx_gateway_pb2_grpc.add_TelnyxGatewayServiceServicer_to_server(service, server)
        account_pb2_grpc.add_AccountServiceServicer_to_server(account, server)
        reports_pb2_grpc.add_ReportServiceServicer_to_server(reports, server)

    def before_drain() -> None:
        for gate in gates.values():
            gate.close()

    return Endpoint(
        listen=settings.telnyx_gateway_listen,
        listen_variable="TELNYX_GATEWAY_LISTEN",
        service_names=_SERVICE_NAMES,
        add_servicers=add_servicers,
        before_drain=before_drain,
    )
