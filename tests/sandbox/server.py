"""A sandbox that listens on a loopback port, inside the running event loop.

async with Sandbox(Settings(webhook_url="http://127.0.0.1:3000/api/telnyx/webhooks")) as sandbox:
    sandbox.core.create("dialer", 3)
"""

import asyncio
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from tests.sandbox.answers import not_found
from tests.sandbox.clock import Clock, utc_now
from tests.sandbox.control import Control
from tests.sandbox.core import Core
from tests.sandbox.loopback import LoopbackServer
from tests.sandbox.settings import Settings
from tests.sandbox.traffic import make_history, run_traffic


def build_app(core: Core) -> Starlette:
    """The API of Telnyx under `/v2`, the remote control under `/_sandbox`."""

    async def unknown_path(_: Request, __: Exception) -> Response:
        return not_found().answer()

    handlers = {404: unknown_path, 405: unknown_path}
    return Starlette(routes=[*core.api.routes(), *Control(core).routes()], exception_handlers=handlers)


class Sandbox:
    """One sandbox account, served over HTTP while the context is open.

    `base_url` is what TELNYX_API_BASE is set to; `public_key` is what its webhooks verify with.
    """

    def __init__(self, settings: Settings, *, port: int = 0, clock: Clock = utc_now) -> None:
        self.core = Core(settings, clock)
        self.base_url = ""
        self._port = port
        self._traffic: asyncio.Task[None] | None = None

    @property
    def public_key(self) -> str:
        return self.core.signer.public_key

    async def __aenter__(self) -> Self:
        self._server = LoopbackServer(build_app(self.core), self._port)
        self.base_url = self._server.base_url
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._traffic is not None:
            self._traffic.cancel()
            await asyncio.gather(self._traffic, return_exceptions=True)
        await self.core.close()
        await self._server.__aexit__()

    def start_traffic(self) -> None:
        """A past month, and live traffic from now on."""
        make_history(self.core.account)
        self._traffic = asyncio.create_task(run_traffic(self.core.account, self.core.deliverer))
