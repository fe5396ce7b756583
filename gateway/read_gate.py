"""Reads give way: while webhooks wait for the ledger, it is asked nothing by people and programs that can ask again."""

from collections.abc import Callable

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.metrics import READS_SHED
from gateway.problems import Problem

_MAX_IN_FLIGHT = 128
_RETRY_AFTER_S = "2"


class ReadGate:
    """Through which every read goes on its way to the services."""

    def __init__(self, is_behind: Callable[[], bool], max_in_flight: int = _MAX_IN_FLIGHT) -> None:
        """`is_behind`: whether webhooks have to wait for the ledger."""
        self._is_behind = is_behind
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    def guard(self) -> Middleware:
        """The middleware of a route that reads; it belongs behind the one that asks for a key."""
        return Middleware(_Guard, gate=self)

    async def pass_through(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through. Raises Problem (503) where it has to give way."""
        if self._is_behind():
            raise _shed("webhooks are waiting for the ledger, and they come first; ask again in a moment")
        if self._in_flight >= self._max_in_flight:
            raise _shed("too much is being read at once; ask again in a moment")
        self._in_flight += 1
        try:
            await app(scope, receive, send)
        finally:
            self._in_flight -= 1


class _Guard:
    def __init__(self, app: ASGIApp, gate: ReadGate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gate.pass_through(self._app, scope, receive, send)


def _shed(detail: str) -> Problem:
    READS_SHED.inc()
    return Problem(503, detail, headers={"Retry-After": _RETRY_AFTER_S})
