"""Work that goes on again and again: each piece of the timed loop, and what keeps a lease while work runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.reconciler.pace import Backoff
from services.reconciler.progress.work import Work

PERIOD_S = 1.0
_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 30.0
_log = structlog.get_logger()

Tick = Callable[[], Awaitable[float]]
"""One turn of some work; gives the seconds until it wants its next turn."""


class Ticker:
    """Gives some work its turns for ever, whatever happens to one of them.

    While turns fail, the waits double; the log says so once, and once more when it works again.
    """

    def __init__(self, name: str, tick: Tick, clock: Clock) -> None:
        self._name = name
        self._tick = tick
        self._clock = clock
        self.work = Work(name, clock)
        """How it gets on."""
        self._backoff = Backoff(_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S)

    async def run(self) -> None:
        """Run until cancelled."""
        wait_s = 0.0
        while True:
            await asyncio.sleep(wait_s)
            wait_s = await self.turn()

    async def turn(self) -> float:
        """One turn; gives the wait until the next one, and raises nothing."""
        self.work.begins()
        try:
            wait_s = await self._tick()
        except TollbookError as error:
            return self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - one bad turn must not end the loop; it is logged in full
            _log.exception("turn.crashed", work=self._name)
            return self._failed(type(error).__name__)
        if self._backoff.failures:
            self._backoff.succeeded()
            _log.info("work.recovered", work=self._name, message=f"{self._name} works again")
        self.work.ended(wait_s)
        return wait_s

    def _failed(self, reason: str) -> float:
        if not self._backoff.failures:
            _log.warning(
                "work.failing", work=self._name, message=f"{self._name} fails: {reason}; it goes on trying"
            )
        wait_s = self._backoff.failed(self._clock.monotonic_s())
        self.work.ended(wait_s, reason)
        return wait_s


@asynccontextmanager
async def repeated(work: Callable[[], Awaitable[object]], every_s: float) -> AsyncIterator[None]:
    """While the context is open, do `work` each `every_s` beside it; a failure is logged, and it is done again."""
    task = asyncio.create_task(_repeat(work, every_s))
    try:
        yield
    finally:
        task.cancel()
        # Not `await task`: a cancellation of our own, coming now, must not be taken for the task's.
        await asyncio.wait({task})


async def _repeat(work: Callable[[], Awaitable[object]], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await work()
        except TollbookError as error:
            _log.warning("lease.not_renewed", message=f"a lease could not be renewed: {error}")
        except Exception:  # noqa: BLE001 - the work beside it must not be lost; it is logged in full
            _log.exception("lease.not_renewed", message="a lease could not be renewed")
