"""An event loop in which time passes only when nobody has anything left to do: a year takes minutes."""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When every simulation begins."""

Result = TypeVar("Result")


class NothingLeftToHappen(RuntimeError):
    """Somebody waits for something that will never come: nothing runs, and no timer is set."""


class _JumpingSelector(selectors.SelectSelector):
    """Waits for no file: it moves the loop's time to the next timer instead."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeftToHappen
        self.elapsed_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Timers, tasks and futures as in any loop; sockets and threads never become ready."""

    # Floats of a year's seconds are a few nanoseconds apart: a timer may not hang on the last of them.
    _clock_resolution = 1e-6

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = VirtualLoop._clock_resolution

    def time(self) -> float:
        return self._jumping.elapsed_s

    def call_exception_handler(self, context: Mapping[str, Any]) -> None:
        """What nobody waited for and failed ends the simulation; it must not pass as a line of a log."""
        fault = context.get("exception")
        raise fault if isinstance(fault, BaseException) else RuntimeError(context.get("message"))


class VirtualClock:
    """Satisfies `services.common.clock.Clock` from the time of a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    def monotonic_s(self) -> float:
        return self._loop.time()


def run_virtually(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
