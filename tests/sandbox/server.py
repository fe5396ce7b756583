"""A sandbox that listens on a loopback port, inside the running event loop.

async with Sandbox(Settings(webhook_url="http://127.0.0.1:3000/api/telnyx/webhooks")) as sandbox:
    sandbox.core.create("dialer", 3)
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from tests.sandbox.answers import not_found
from tests.sandbox.clock import Clock, utc_now
from tests.sandbox.control import Control
from tests.sandbox.core import Core
from tests.sandbox.settings import Settings
from tests.sandbox.traffic import make_history, run_traffic


def build_app(core: Core) -> Starlette:
    """The API of Telnyx under `/v2`, the remote control under `/_sandbox`."""

    async def unknown_path(_: Request, __: Exception) -> Response:
        return not_found().answer()

    handlers = {404: unknown_path, 405: unknown_path}
    return Starlette(routes=[*core.api.routes(), *Control(core).routes()], exception_handlers=handlers)


class _Server(uvicorn.Server):
    """Leaves the signals of the process alone: whoever runs the event loop decides what ends it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Sandbox:
    """One sandbox account, served over HTTP while the context is open.

    `base_url` is what TELNYX_API_BASE is set to; `public_key` is what its webhooks verify with.
    """

    def __init__(self, settings: Settings, *, port: int = 0, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.core = Core(settings, clock)
        self._socket = socket.create_server(("127.0.0.1", port))
        config = uvicorn.Config(
            build_app(self.core),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def public_key(self) -> str:
        return self.core.signer.public_key

    async def __aenter__(self) -> Self:
        self._tasks.append(asyncio.create_task(self._server.serve(sockets=[self._socket])))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks[1:]:
            task.cancel()
        await self.core.deliverer.close()
        self._server.should_exit = True
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start_traffic(self, history: int) -> None:
        """A past day of `history` things, and live traffic from now on."""
        make_history(self.core.account, history)
        self._tasks.append(asyncio.create_task(run_traffic(self.core.account, self.core.deliverer)))
