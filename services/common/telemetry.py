"""Metrics, and the small HTTP server of each process that shows them and its health."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.common.addresses import Address, bind_tcp
from services.common.http_server import open_http_server

RPC_SECONDS = Histogram(
    "tollbook_rpc_seconds", "Time that RPCs took on the server, by method and status code", ["method", "code"]
)

_log = structlog.get_logger()


@dataclass(slots=True)
class Readiness:
    """Whether the process takes work now; what `/readyz` answers."""

    is_ready: bool = field(default=False)


@asynccontextmanager
async def open_admin(address: Address, variable: str, readiness: Readiness) -> AsyncIterator[Address]:
    """Serve `/metrics`, `/healthz` and `/readyz` while the context is open; gives the bound address.

    Raises StartError naming `variable` if the port is taken. Port 0 picks a free one.
    """
    listener = bind_tcp(address, variable)
    bound = Address(address.host, listener.getsockname()[1])
    async with open_http_server(_admin_app(readiness), listener):
        _log.info("admin.ready", address=str(bound))
        yield bound


def _admin_app(readiness: Readiness) -> Starlette:
    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        if readiness.is_ready:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready"}, status_code=503)

    return Starlette(
        routes=[Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)]
    )
