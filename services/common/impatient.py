"""Connections on which nothing is asked do not stay: each takes one of few file descriptors."""

import asyncio

from services.common.joined_writes import JoinedHttpProtocol

HEAD_S = 20.0
"""How long the head of a request may take to come, from when a connection is made or the first of it is there."""


class ImpatientProtocol(JoinedHttpProtocol):
    """Ends a connection whose sender does not come to the point. uvicorn does so only between two requests."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        super().data_received(data)
        is_waiting = self.cycle is None or self.cycle.response_complete
        if is_waiting and self._deadline is None and self.timeout_keep_alive_task is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._expect_nothing()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_S, self.timeout_keep_alive_handler)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
