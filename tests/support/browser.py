"""A real Chromium for tests. Which one, and what happens where there is none: `tests/support/browser_path.py`."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Playwright, async_playwright

_LAUNCH_TIMEOUT_S = 30.0


@asynccontextmanager
async def running_browser(path: str) -> AsyncIterator[Browser]:
    """One browser without a window, ended with the block. All that it writes goes into a folder that goes too."""
    # A short path, because sockets will be in it.
    with tempfile.TemporaryDirectory(prefix="tollbook-browser-") as folder:
        own = {"HOME": folder, "TMPDIR": folder}
        playwright = await _start_driver(own)
        try:
            browser = await playwright.chromium.launch(
                executable_path=path,
                # No proxy of the environment: all that is asked for is on the loopback.
                env={"PATH": os.environ["PATH"], **own},
                timeout=_LAUNCH_TIMEOUT_S * 1000,
            )
            try:
                yield browser
            finally:
                await browser.close()
        finally:
            await playwright.stop()


async def _start_driver(environment: dict[str, str]) -> Playwright:
    """Playwright's own process; it makes the browser's profile, in the TMPDIR that it was started with."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return await async_playwright().start()
