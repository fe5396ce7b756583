"""The frame of a process: one event loop, one way to stop, one way to refuse to start."""

import asyncio
import resource
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from services.common.failpoints import arm_failpoints

EXIT_REFUSED = 78
"""Exit status (sysexits' EX_CONFIG) of a process that cannot run as it is set up: restarting will not help."""

_DESCRIPTORS = 65_536
_log = structlog.get_logger()


class StartError(Exception):
    """The process cannot start as it is set up; the message names the variable and says what to do."""


def run_process(main: Callable[[asyncio.Event], Awaitable[None]], *, failpoints: str = "") -> None:
    """Run `main(stop)` under uvloop; SIGTERM and SIGINT set `stop`. `failpoints`: see arm_failpoints.

    A StartError is logged as one line and ends the process with EXIT_REFUSED, without a traceback.
    """
    try:
        _arm(failpoints)
        _raise_descriptor_limit()
        uvloop.run(_main_until_stopped(main))
    except StartError as error:
        _log.error("process.refused", message=str(error))
        sys.exit(EXIT_REFUSED)


def _raise_descriptor_limit() -> None:
    """As many descriptors as this process may have: the usual 1024 are meant for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _arm(failpoints: str) -> None:
    try:
        arm_failpoints(failpoints)
    except ValueError as error:
        raise StartError(str(error)) from error


async def _main_until_stopped(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await main(stop)
