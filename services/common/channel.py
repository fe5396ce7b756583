"""Client channels between the services of Tollbook."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import structlog

from services.common.interceptors import TRACE_METADATA
from services.common.keepalive import KEEPALIVE
from services.common.logs import TRACE_ID
from services.common.server import MAX_MESSAGE_BYTES
from services.common.service_config import service_config

UNARY_TIMEOUT_S = 10.0
STREAM_TIMEOUT_S = 300.0

_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.service_config", service_config()),
    ("grpc.enable_retries", 1),
    # What does not fit into gRPC's usual 256 KiB is sent once and then forgotten.
    ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    *KEEPALIVE.client_options(),
    # However long a server was away: the next attempt comes within a second of the one before, and takes one at most.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.dns_min_time_between_resolutions_ms", 500),
    # Channels of one process to one target would otherwise share a connection, and its backoff.
    ("grpc.use_local_subchannel_pool", 1),
)


def open_channel(
    target: str, *, unary_timeout_s: float = UNARY_TIMEOUT_S, stream_timeout_s: float = STREAM_TIMEOUT_S
) -> grpc.aio.Channel:
    """A channel to a service (`127.0.0.1:50051`, `dns:///ledger:50051`); close it, or use it as a context.

    Calls wait for the service to come up, have these deadlines unless the caller gives its own `timeout`, and carry
    the trace id of the current context. Turn a failed call into a domain error with `from_rpc_error`.
    """
    return grpc.aio.insecure_channel(
        target,
        options=_OPTIONS,
        interceptors=[_UnaryDefaults(unary_timeout_s), _StreamDefaults(stream_timeout_s)],
    )


class _UnaryDefaults(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        return await continuation(_with_defaults(client_call_details, self._timeout_s), request)


class _StreamDefaults(grpc.aio.UnaryStreamClientInterceptor):
    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    async def intercept_unary_stream(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        return await continuation(_with_defaults(client_call_details, self._timeout_s), request)


def _with_defaults(details: grpc.aio.ClientCallDetails, timeout_s: float) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    trace_id = structlog.contextvars.get_contextvars().get(TRACE_ID)
    if trace_id and metadata.get(TRACE_METADATA) is None:
        metadata.add(TRACE_METADATA, str(trace_id))
    return grpc.aio.ClientCallDetails(
        method=details.method,
        timeout=timeout_s if details.timeout is None else details.timeout,
        metadata=metadata,
        credentials=details.credentials,
        wait_for_ready=True if details.wait_for_ready is None else details.wait_for_ready,
    )
