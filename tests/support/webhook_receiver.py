"""A receiver of webhooks that keeps what it was sent, and answers as it is told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.sandbox.loopback import LoopbackServer


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery, byte for byte."""

    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def inner(self) -> dict[str, Any]:
        """The event, with or without `data` around it."""
        inner: dict[str, Any] = self.json.get("data", self.json)
        return inner


def accept(_: Received) -> int:
    return 200


@dataclass(slots=True)
class WebhookReceiver:
    """Listens on a free loopback port while the context is open. `answer` picks the status of each delivery."""

    answer: Callable[[Received], int] = accept
    received: list[Received] = field(default_factory=list)
    _server: LoopbackServer | None = None
    _arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """The base to which `/calls` and `/sms` are added."""
        assert self._server is not None
        return f"{self._server.base_url}/hooks"

    async def __aenter__(self) -> Self:
        route = Route("/hooks/{product}", self._receive, methods=["POST"])
        self._server = LoopbackServer(Starlette(routes=[route]))
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        await self._server.__aexit__()

    async def wait_for(self, event_type: str, timeout_s: float = 30.0) -> Received:
        """The first delivery of a type, once it is there. Raises TimeoutError."""

        def found() -> list[Received]:
            return [each for each in self.received if each.inner.get("event_type") == event_type]

        async with asyncio.timeout(timeout_s), self._arrival:
            await self._arrival.wait_for(found)
            return found()[0]

    async def _receive(self, request: Request) -> Response:
        received = Received(request.url.path, await request.body(), dict(request.headers))
        async with self._arrival:
            self.received.append(received)
            self._arrival.notify_all()
        return Response(status_code=self.answer(received))
