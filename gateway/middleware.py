"""What every HTTP request passes through: a trace id, a measure of its time, and the security headers."""

import secrets
import time
from contextlib import AbstractContextManager
from functools import lru_cache

import structlog
from prometheus_client import Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.metrics import HTTP_SECONDS
from gateway.problems import answer_problem
from services.common.logs import TRACE_ID

SECURITY_HEADERS = {
    # Everything from here, nothing inline: text from Telnyx that slipped through could neither run nor load anything.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RAW_SECURITY_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def traced() -> AbstractContextManager[None]:
    """A context in which every log line, and every call to a service, carries a new trace id."""
    return structlog.contextvars.bound_contextvars(**{TRACE_ID: secrets.token_hex(16)})


@lru_cache(maxsize=1024)
def http_seconds(route: str, method: str, status: int) -> Histogram:
    """The measure of the requests of one kind. `route` is a pattern, not a path: of paths there is no end."""
    method = method if method in ("GET", "HEAD", "POST") else "other"
    return HTTP_SECONDS.labels(route=route, method=method, status=str(status))


class EveryRequest:
    """The outermost layer of the application of our own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, is_started = 500, False
        started_s = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status, is_started
            if message["type"] == "http.response.start":
                status, is_started = message["status"], True
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        with traced():
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception as error:
                # Told here, because Starlette's own last resort stands outside and knows none of these headers.
                if not is_started:
                    response = await answer_problem(Request(scope), error)
                    await response(scope, receive, send_with_headers)
                raise
            finally:
                route = getattr(scope.get("route"), "path", "none")
                http_seconds(route, scope["method"], status).observe(time.perf_counter() - started_s)
