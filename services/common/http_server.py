"""Serving an ASGI application inside the process's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from services.common.joined_writes import JoinedHttpProtocol


class _EmbeddedServer(uvicorn.Server):
    """uvicorn without its own signal handlers: the process decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def open_http_server(app: ASGIApp, listener: socket.socket, **limits: Any) -> AsyncIterator[None]:
    """Serve `app` on a bound socket while the context is open; requests in flight get 10 s to finish.

    `limits` are uvicorn's own options, for example `limit_concurrency`.
    """
    config = uvicorn.Config(
        app,
        http=JoinedHttpProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
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
        yield
    finally:
        server.should_exit = True
        await serving
