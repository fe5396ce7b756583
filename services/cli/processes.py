"""One process of Tollbook, kept running: started, started again when it dies, ended for good when asked."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from services.cli.backoff import Backoff
from services.common.process import EXIT_REFUSED

_log = structlog.get_logger()
_LEASH = Path(__file__).with_name("leash.py")
_LONGEST_LINE_BYTES = 1 << 20


class ProcessRefused(Exception):
    """A process cannot run as it is set up, so starting it again would not help; the message names it."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: a name for people, the arguments, the whole environment."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)


class KeptProcess:
    """Runs one command again and again until `end`.

    Each run is a session and process group of its own, so that Ctrl-C in the terminal reaches the supervisor alone
    and the supervisor decides the order of things; and each is leashed to the supervisor (see `leash.py`).
    """

    def __init__(
        self, command: Command, backoff: Backoff, on_line: Callable[[bytes], None] | None = None
    ) -> None:
        """`on_line` gets each line that the command writes to its standard output, instead of the terminal."""
        self.command = command
        self._backoff = backoff
        self._on_line = on_line
        self._ending = asyncio.Event()
        self._process: Process | None = None
        self.refusal_is_final = True
        """Whether EXIT_REFUSED ends `keep_running`. Set it to False once the process has been seen to work."""

    async def keep_running(self) -> None:
        """Return when the process has ended after `end`. Raises ProcessRefused when it refuses to run at all."""
        while not self._ending.is_set():
            started_s = time.monotonic()
            exit_code = await self._run_once()
            if self._ending.is_set():
                return
            if exit_code == EXIT_REFUSED and self.refusal_is_final:
                raise ProcessRefused(
                    f"{self.command.name} cannot run as it is set up; its last line says why"
                )
            delay_s = self._backoff.delay_after(time.monotonic() - started_s)
            _log.warning(
                "process.ended", process=self.command.name, exit_code=exit_code, restart_in_s=delay_s
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), timeout=delay_s)

    def end(self) -> None:
        """Ask the process to end (SIGTERM) and do not start it again."""
        self._ending.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and whatever it has started, at once."""
        self._ending.set()
        self._signal(signal.SIGKILL)

    async def _run_once(self) -> int:
        leash = (sys.executable, "-I", str(_LEASH), "KILL", str(os.getpid()))
        process = await asyncio.create_subprocess_exec(
            *leash,
            *self.command.arguments,
            env=self.command.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE if self._on_line else None,
            limit=_LONGEST_LINE_BYTES,
            start_new_session=True,
        )
        self._process = process
        _log.info("process.started", process=self.command.name, pid=process.pid)
        try:
            if self._ending.is_set():
                self._signal(signal.SIGTERM)
            if process.stdout is not None and self._on_line is not None:
                async for line in process.stdout:
                    self._on_line(line)
            return await process.wait()
        finally:
            # The group outlives its leader if the leader had children of its own.
            self._signal(signal.SIGKILL)
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
