"""A TelnyxClient whose network is a function of the test."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import httpx

from services.common.clock import SystemClock
from services.telnyx_gateway.client import Backoff, TelnyxClient
from services.telnyx_gateway.quota_gate import QuotaGate

KEY = "KEY0123456789SYNTHETIC"
NUMBER = "+12025550131"

_ENDPOINTS = (
    *("balance", "detail_records", "usage_reports", "usage_options", "charges_summary"),
    *("call_control_applications", "session_analysis", "webhook_deliveries", "reports"),
)

Handler = Callable[[httpx.Request], httpx.Response]
AsyncHandler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


class Network:
    """Answers requests with `handler` and keeps them."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.handler(request)


@asynccontextmanager
async def open_client(
    network: Handler | AsyncHandler, *, key: str = KEY, limit: int = 10_000
) -> AsyncIterator[TelnyxClient]:
    """A client without waits between attempts."""
    clock = SystemClock()
    gates = {name: QuotaGate(name, limit, 3_600, clock) for name in _ENDPOINTS}
    client = TelnyxClient(
        "https://api.example.test",
        key,
        gates,
        clock,
        backoff=Backoff(first_s=0, longest_s=0),
        transport=httpx.MockTransport(network),
    )
    try:
        yield client
    finally:
        await client.close()


def telnyx_error(status: int, code: str, title: str, detail: str = "") -> httpx.Response:
    """An error in Telnyx's form."""
    return httpx.Response(status, json={"errors": [{"code": code, "title": title, "detail": detail}]})


def html(status: int) -> httpx.Response:
    """What the edge in front of Telnyx answers."""
    return httpx.Response(status, html="<html><body>Bad Gateway</body></html>")
