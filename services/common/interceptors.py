"""What every RPC of a Tollbook server passes through: trace id, metrics, and errors mapped to a status once."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from google.rpc import status_pb2
from grpc_status import rpc_status

from services.common.deadlines import begin_call
from services.common.errors import TollbookError, Unavailable
from services.common.logs import TRACE_ID
from services.common.rpc_errors import to_status
from services.common.telemetry import RPC_SECONDS

TRACE_METADATA = "x-trace-id"
"""The request metadata that carries the trace id from one service to the next."""

_MAX_TRACE_ID_LENGTH = 64
_log = structlog.get_logger()

_Context = grpc.aio.ServicerContext[Any, Any]
if TYPE_CHECKING:
    # Generic in its type stubs only.
    _Handler = grpc.RpcMethodHandler[Any, Any]


class ServiceInterceptor(grpc.aio.ServerInterceptor):
    """Wraps unary-unary and unary-stream methods (Tollbook has no others)."""

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        # An unknown method has no handler: grpc answers UNIMPLEMENTED by itself. Health and reflection are grpc's own.
        if handler is None or handler.request_streaming or method.startswith("/grpc."):
            return handler
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                _guard_stream(handler.unary_stream, method),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            _guard_unary(handler.unary_unary, method),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _guard_unary(behavior: Any, method: str) -> Any:
    async def call(request: Any, context: _Context) -> Any:
        started_s = time.perf_counter()
        _begin(context)
        try:
            return await behavior(request, context)
        except TollbookError as error:
            await _abort(context, error)
        except grpc.aio.AbortError:
            raise
        except Exception:  # noqa: BLE001 - the last line of defence: nothing of it may reach the caller
            await _abort_unknown(context, method)
        finally:
            _observe(context, method, started_s)

    return call


def _guard_stream(behavior: Any, method: str) -> Any:
    async def call(request: Any, context: _Context) -> AsyncIterator[Any]:
        started_s = time.perf_counter()
        _begin(context)
        try:
            # Closed with this generator: what a stream holds must not outlive a caller who hung up.
            async with aclosing(behavior(request, context)) as responses:
                async for response in responses:
                    yield response
        except TollbookError as error:
            await _abort(context, error)
        except grpc.aio.AbortError:
            raise
        except Exception:  # noqa: BLE001 - the last line of defence: nothing of it may reach the caller
            await _abort_unknown(context, method)
        finally:
            _observe(context, method, started_s)

    return call


async def _abort(context: _Context, error: TollbookError) -> None:
    status = to_status(error)
    # A domain error is a considered answer: tell the client's transport not to repeat the call by itself.
    # Only Unavailable, where a part of Tollbook is still starting, is worth its quick retries; where it says when to
    # come back there is too much to do, and retries would make it more.
    is_starting = isinstance(error, Unavailable) and not error.retry_after_s
    pushback = () if is_starting else (("grpc-retry-pushback-ms", "-1"),)
    await _abort_with(context, status, pushback)


async def _abort_unknown(context: _Context, method: str) -> None:
    _log.exception("rpc.failed", method=method, message="an RPC failed in a way that nobody foresaw")
    await _abort_with(context, to_status(TollbookError("internal error; the service's log says more")), ())


async def _abort_with(
    context: _Context, status: status_pb2.Status, metadata: tuple[tuple[str, str], ...]
) -> None:
    plain = rpc_status.to_status(status)
    await context.abort(plain.code, plain.details, (*plain.trailing_metadata, *metadata))


def _begin(context: _Context) -> None:
    """What the work inherits from its call: the trace id for what it logs, and until when its caller waits.

    grpc serves each call in a task of its own, with which this ends. A stream whose caller has hung up may be closed
    from another task, which could take nothing of it back.
    """
    structlog.contextvars.bind_contextvars(**_trace_of(context))
    begin_call(context.time_remaining())


def _trace_of(context: _Context) -> dict[str, str]:
    for key, value in context.invocation_metadata() or ():
        if key == TRACE_METADATA and isinstance(value, str):
            return {TRACE_ID: value[:_MAX_TRACE_ID_LENGTH]}
    return {}


def _observe(context: _Context, method: str, started_s: float) -> None:
    # Before a status was set, grpc gives 0 (OK) or None here, whatever the annotation says.
    code: object = context.code()
    name = code.name if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK.name
    RPC_SECONDS.labels(method=method, code=name).observe(time.perf_counter() - started_s)
