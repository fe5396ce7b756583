"""gRPC's health service: whether each service of a server takes calls."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

_Context = grpc.aio.ServicerContext[Any, Any]
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class HealthService:
    """Answers for the server as a whole ("") and for each service by its full name; at first none serves.

    In place of the servicer that comes with gRPC, whose watches last as long as whoever watches: a server that ends
    would wait for them in vain.
    """

    def __init__(self, service_names: Sequence[str]) -> None:
        self._status = dict.fromkeys(("", *service_names), _NOT_SERVING)
        self._is_leaving = False
        self._changed = asyncio.Event()

    def serve(self) -> None:
        """All of them take calls from now on."""
        self._set_all(_SERVING)

    def leave(self) -> None:
        """None of them does any more; watches end once they have told so."""
        self._is_leaving = True
        self._set_all(_NOT_SERVING)

    async def Check(  # noqa: N802 - gRPC's name
        self, request: health_pb2.HealthCheckRequest, context: _Context
    ) -> health_pb2.HealthCheckResponse:
        """The status of one service. NOT_FOUND for one that is not offered here."""
        status = self._status.get(request.service)
        if status is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service here")
        return health_pb2.HealthCheckResponse(status=status)

    async def List(  # noqa: N802 - gRPC's name
        self, _request: health_pb2.HealthListRequest, _context: _Context
    ) -> health_pb2.HealthListResponse:
        """The status of the server and of each of its services."""
        return health_pb2.HealthListResponse(
            statuses={
                name: health_pb2.HealthCheckResponse(status=status) for name, status in self._status.items()
            }
        )

    async def Watch(  # noqa: N802 - gRPC's name
        self, request: health_pb2.HealthCheckRequest, _context: _Context
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """The status of one service, now and whenever it changes."""
        told = None
        while True:
            changed, status = self._changed, self._status.get(request.service, _UNKNOWN)
            if status != told:
                yield health_pb2.HealthCheckResponse(status=status)
                told = status
            if self._is_leaving:
                return
            # What changed while the answer was on its way is not waited for.
            if changed is self._changed:
                await changed.wait()

    def _set_all(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        self._status = dict.fromkeys(self._status, status)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
