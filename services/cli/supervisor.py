"""Keeps a set of processes running, and ends them all together."""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import structlog

from services.cli.processes import KeptProcess

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EndLimits:
    """How long an end in good order may take: per process before the next is asked too, and in all before SIGKILL."""

    turn_s: float = 2.0
    total_s: float = 10.0


class Supervisor:
    """As an async context: whatever was started in it has ended when the context is left, however it is left."""

    def __init__(self, limits: EndLimits | None = None) -> None:
        self._limits = limits or EndLimits()
        self._running: list[tuple[KeptProcess, asyncio.Task[None]]] = []
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._failure.cancel()
        await self._end_all()

    def start(self, process: KeptProcess) -> None:
        """Run a process, and run it again whenever it dies."""
        task = asyncio.create_task(process.keep_running(), name=process.command.name)
        self._running.append((process, task))
        self.watch(task)

    def watch(self, task: asyncio.Task[None]) -> None:
        """Let `run_until` raise what this task raises."""
        task.add_done_callback(self._note_failure)

    async def run_until(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set. Raises ProcessRefused, or whatever a watched task raises, as soon as one does."""
        stopped = asyncio.create_task(stop.wait())
        ends: list[asyncio.Future[Any]] = [stopped, self._failure]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if self._failure.done():
            self._failure.result()

    def trust(self) -> None:
        """From now on a refusal to run counts as any other death: each process has been seen to work."""
        for process, _ in self._running:
            process.refusal_is_final = False

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)

    async def _end_all(self) -> None:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._limits.total_s
        # The edge was started last: it stops taking webhooks first, while the ledger still commits those it took.
        for process, task in reversed(self._running):
            process.end()
            turn_s = min(self._limits.turn_s, deadline_s - loop.time())
            await asyncio.wait([task], timeout=max(0.0, turn_s))
        for process, task in self._running:
            await asyncio.wait([task], timeout=max(0.0, deadline_s - loop.time()))
            if not task.done():
                _log.warning("process.killed", process=process.command.name, message="it did not end in time")
                process.kill()
                await asyncio.wait([task])
