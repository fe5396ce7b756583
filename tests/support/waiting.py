"""Waiting for something that another task or process does, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Callable

_POLL_S = 0.01


async def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Return once `condition()` is true. Raises TimeoutError after `timeout_s`."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 (what is waited for cannot set an event of ours)
            await asyncio.sleep(_POLL_S)


def wait_until(condition: Callable[[], bool], timeout_s: float, otherwise: str, poll_s: float = 0.5) -> None:
    """Return once `condition()` is true; for tests that watch other processes.

    Raises AssertionError with `otherwise` after `timeout_s`.
    """
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"{otherwise} within {timeout_s:.0f} s"
        time.sleep(poll_s)
