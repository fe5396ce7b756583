"""Serving an ASGI application inside the process's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from services.common.leaving import LeavingConfig, LeavingProtocol

DRAIN_S = 4
"""Seconds that requests in flight get at the end."""

_KEEP_ALIVE_S = 130
"""Longer than proxies keep idle connections (60 s: nginx, AWS; 120 s: Caddy), so that they end them. Where the
server is first, a request may be on its way just then, and nobody knows what became of it."""

_LAST_READS_S = 0.05
"""For what is on its way to us when the listener closes."""


class _EmbeddedServer(uvicorn.Server):
    """uvicorn without its own signal handlers: the process decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await asyncio.sleep(_LAST_READS_S)
        await super().shutdown(sockets)


class HttpServer:
    """A server that answers."""

    def __init__(self, server: uvicorn.Server, config: LeavingConfig) -> None:
        self._server = server
        self._config = config

    def leave(self) -> None:
        """From now on every answer is the last of its connection, and says so; new connections are still taken."""
        self._config.is_leaving = True
        for connection in self._server.server_state.connections:
            if isinstance(connection, LeavingProtocol):
                connection.end_with_this_answer()


@contextlib.asynccontextmanager
async def open_http_server(app: ASGIApp, listener: socket.socket, **limits: Any) -> AsyncIterator[HttpServer]:
    """Serve `app` on a bound socket while the context is open; requests in flight get DRAIN_S to finish.

    `limits` are uvicorn's own options, for example `limit_concurrency`.
    """
    config = LeavingConfig(
        app,
        http=LeavingProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
        **limits,
    )
    server = _EmbeddedServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="http-server")
    try:
        while not server.started:
            if serving.done():
                serving.result()
                raise RuntimeError("the HTTP server ended while starting")
            await asyncio.sleep(0)
        yield HttpServer(server, config)
    finally:
        server.should_exit = True
        await serving
