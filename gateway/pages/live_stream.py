"""`GET /billing/live`: server-sent events that tell a page when to ask for itself again.

`live` and `away` say whether changes are being told, `changed` that there are some: at most once a second. A comment
goes out when nothing else does, so that neither side, nor a proxy between them, takes a quiet stream for a dead one.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.pages.live_feed import FeedClosed, LiveFeed, TooManyViewers, Viewer
from gateway.problems import Problem

_MEDIA_TYPE = "text/event-stream"
_RETRY_MS = 2000
_RETRY_AFTER_S = 10
# A proxy must hand on each event as it comes.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """A comment after `heartbeat_s` without an event; `pause_s` between two `changed`.

    A viewer that takes nothing for `send_timeout_s` is dropped; if it is still there, it comes back by itself.
    """

    heartbeat_s: float = 15.0
    pause_s: float = 1.0
    send_timeout_s: float = 30.0


class LiveStream:
    """The ASGI application behind the route."""

    def __init__(self, feed: LiveFeed, pace: Pace | None = None) -> None:
        self._feed = feed
        self._pace = pace or Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the viewer leaves or the edge ends. Raises Problem while there are too many viewers."""
        if scope["method"] == "HEAD":
            await Response(media_type=_MEDIA_TYPE, headers=_HEADERS)(scope, receive, send)
            return
        try:
            with self._feed.viewer() as viewer:
                response = StreamingResponse(self._events(viewer), media_type=_MEDIA_TYPE, headers=_HEADERS)
                await response(scope, receive, self._in_time(send))
        except (TooManyViewers, FeedClosed):
            raise Problem(
                503,
                "no more pages can be kept up to date now; this one can still be refreshed",
                headers={"Retry-After": str(_RETRY_AFTER_S)},
            ) from None
        except TimeoutError:
            _log.info("live_feed.dropped", message="a viewer took nothing for too long")

    def _in_time(self, send: Send) -> Send:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._pace.send_timeout_s):
                await send(message)

        return send_in_time

    async def _events(self, viewer: Viewer) -> AsyncIterator[bytes]:
        yield f"retry: {_RETRY_MS}\n\n".encode()
        told_live: bool | None = None
        while not viewer.is_closed:
            if not await viewer.wait(self._pace.heartbeat_s):
                yield b": still there\n\n"
                continue
            if viewer.is_live is not told_live:
                told_live = viewer.is_live
                yield _event("live" if told_live else "away")
            if viewer.is_live and viewer.take_changes():
                yield _event("changed")
                await viewer.pause(self._pace.pause_s)


def _event(name: str) -> bytes:
    # An event without data is not dispatched by browsers.
    return f"event: {name}\ndata: 1\n\n".encode()
