"""Connections that end in order: before a server goes, each answer says that its connection ends with it.

Whoever keeps connections open and sends the next request over one that the server is just closing never learns
whether that request was taken. `Connection: close` on the answer before it says so in time.
"""

from typing import Any

import uvicorn

from services.common.impatient import ImpatientProtocol


class LeavingConfig(uvicorn.Config):
    """uvicorn's configuration, and whether its server is about to leave."""

    is_leaving = False


class LeavingProtocol(ImpatientProtocol):
    """A connection under a LeavingConfig."""

    def on_headers_complete(self) -> None:
        """Called by the parser: the request has its cycle, and no answer yet."""
        super().on_headers_complete()
        if isinstance(self.config, LeavingConfig) and self.config.is_leaving:
            self.end_with_this_answer()

    def end_with_this_answer(self) -> None:
        """Let the answer that is being made be the last, if its head has not left yet."""
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = False
