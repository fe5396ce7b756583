"""The event loop of the tests.

gRPC has one completion queue for the whole process and delivers to the loop that a call was made in. A program has one
loop and ends with it; a test process has one after another. What a call that was cut off still has to say can come when
its loop is over: by itself gRPC then raises "Event loop is closed" in the loop of whichever test runs by then.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import TypeVarTuple, Unpack

Arguments = TypeVarTuple("Arguments")


class TestLoop(asyncio.SelectorEventLoop):
    """A loop that drops what comes when it is over."""

    __test__ = False

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """As always while the loop is open; a cancelled handle afterwards."""
        if self.is_closed():
            dropped = asyncio.Handle(callback, args, self, context)
            dropped.cancel()
            return dropped
        return super().call_soon_threadsafe(callback, *args, context=context)
