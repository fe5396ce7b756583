"""The way of a webhook into the edge: past Starlette's router and middleware, which cost as much as its signature."""

import time
from collections.abc import Collection

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import failpoints
from gateway.middleware import http_seconds, traced
from gateway.problems import Problem, ProblemResponse
from gateway.ready_answers import ready
from gateway.webhooks import WebhookReceiver

_FAILED = ready(ProblemResponse(Problem(500, "internal error; the edge's log says more")))
_HUNG_UP = 499
"""What nginx calls it when the sender does not wait for the answer; only metrics see it."""
_log = structlog.get_logger()


class WebhookDoor:
    """ASGI: requests for `paths` go straight to the receiver, all others to the application behind.

    Does for webhooks what EveryRequest does for the others.
    """

    def __init__(self, paths: Collection[str], receiver: WebhookReceiver, app: ASGIApp) -> None:
        self._paths = frozenset(paths)
        self._receiver = receiver
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        status = _FAILED.status
        try:
            answer = await self._receiver.answer(scope, receive)
            status = answer.status if answer else _HUNG_UP
        except Exception as error:
            # Logged with its traceback by uvicorn, to which it is passed on.
            with traced():
                _log.error("request.failed", kind=type(error).__name__)
            await _FAILED.send(send)
            raise
        else:
            if answer:
                await answer.send(send)
                failpoints.WEBHOOK_ANSWERED.reached()
        finally:
            seconds = time.perf_counter() - started_s
            http_seconds(scope["path"], scope["method"], status).observe(seconds)
