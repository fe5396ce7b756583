"""Running a gRPC server: health, reflection, limits, a clear refusal to start, and a graceful end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.common.addresses import Address
from services.common.alarm_service import AlarmService
from services.common.health import HealthService
from services.common.interceptors import ServiceInterceptor
from services.common.keepalive import KEEPALIVE
from services.common.memory import keep_what_is_loaded
from services.common.process import StartError
from services.common.telemetry import Readiness, open_admin
from tollbook.process.v1 import alarms_pb2, alarms_pb2_grpc

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
DRAIN_S = 5.0
"""With what a process has to finish beside that, it ends within 10 s."""
_MAX_CONCURRENT_RPCS = 1024
_HEALTH_SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_ALARM_SERVICE = alarms_pb2.DESCRIPTOR.services_by_name["AlarmService"].full_name

_OPTIONS: tuple[tuple[str, int], ...] = (
    # With SO_REUSEPORT a second copy would start silently and take half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    *KEEPALIVE.server_options(),
)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A gRPC server to be: where it listens and what it offers.

    `listen_variable` is the settings variable behind `listen`, for error messages. `service_names` are full names
    ("tollbook.ledger.v1.LedgerService"); `add_servicers` registers their servicers. `before_drain` ends the streams
    that would never end by themselves, so that the server need not wait for them. `interceptors` come inside
    of what all servers do: what they raise is mapped like what a servicer raises.
    """

    listen: Address
    listen_variable: str
    service_names: tuple[str, ...]
    add_servicers: Callable[[grpc.aio.Server], None]
    before_drain: Callable[[], None] | None = None
    interceptors: tuple[grpc.aio.ServerInterceptor, ...] = ()


@asynccontextmanager
async def open_server(endpoint: Endpoint, readiness: Readiness | None = None) -> AsyncIterator[Address]:
    """Serve an endpoint while the context is open; gives the bound address.

    On the way out it reports NOT_SERVING, ends endless streams, lets running calls finish for DRAIN_S, then ends them.
    Raises StartError naming the variable if the address cannot be bound.
    """
    server = grpc.aio.server(
        interceptors=[ServiceInterceptor(), *endpoint.interceptors],
        options=_OPTIONS,
        maximum_concurrent_rpcs=_MAX_CONCURRENT_RPCS,
    )
    health = HealthService(endpoint.service_names)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    alarms_pb2_grpc.add_AlarmServiceServicer_to_server(AlarmService(), server)
    endpoint.add_servicers(server)
    reflection.enable_server_reflection(
        (*endpoint.service_names, _ALARM_SERVICE, _HEALTH_SERVICE, reflection.SERVICE_NAME), server
    )
    bound = Address(endpoint.listen.host, _bind(server, endpoint))
    await server.start()
    health.serve()
    _set_ready(readiness, is_ready=True)
    try:
        yield bound
    finally:
        _set_ready(readiness, is_ready=False)
        health.leave()
        if endpoint.before_drain is not None:
            endpoint.before_drain()
        await server.stop(DRAIN_S)


def _bind(server: grpc.aio.Server, endpoint: Endpoint) -> int:
    try:
        return server.add_insecure_port(str(endpoint.listen))
    except RuntimeError as error:
        raise StartError(
            f"{endpoint.listen_variable}: cannot listen on {endpoint.listen}; is the port taken, or the host not ours?"
        ) from error


def _set_ready(readiness: Readiness | None, *, is_ready: bool) -> None:
    if readiness is not None:
        readiness.is_ready = is_ready


@dataclass(frozen=True, slots=True)
class AdminEndpoint:
    """Where a process shows its metrics and health, and the settings variable behind it."""

    listen: Address
    listen_variable: str


Prepare = Callable[[AsyncExitStack], Awaitable[Endpoint]]


async def serve(service: str, admin: AdminEndpoint, prepare: Prepare, stop: asyncio.Event) -> None:
    """Run one gRPC service until `stop` is set.

    `prepare(stack)` opens what the service needs (database, channels) on the stack, migrates, and gives the
    endpoint; meanwhile the admin server already answers, not ready. Everything is closed in reverse order.
    Logs `<service>.ready` with the bound address. Raises StartError.
    """
    readiness = Readiness()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_admin(admin.listen, admin.listen_variable, readiness))
        endpoint = await prepare(stack)
        keep_what_is_loaded()
        bound = await stack.enter_async_context(open_server(endpoint, readiness))
        _log.info(f"{service}.ready", address=str(bound), message=f"{service} answers on {bound}")
        await stop.wait()
        _log.info(f"{service}.stopping")
