"""A browser, a running system with the sandbox's traffic, and visits to its page.

One browser and one system per worker, for this package only: nothing of them runs beside other tests.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.support.browser import running_browser
from tests.support.browser_path import browser_path
from tests.support.stack import QUICK_QUOTA, Stack, running_stack
from tests.support.visits import Visit, visit_to
from tests.support.waiting import wait_until

OpenVisit = Callable[..., Awaitable[Visit]]

_TRAFFIC = ("--traffic", "--record-delay-min-s", "2", "--record-delay-max-s", "4", *QUICK_QUOTA)
_LONGEST_S = 110.0
# A call that nobody bills yet stays estimated while a test looks at it.
_ENVIRONMENT = {"SETTLE_HORIZON_SECONDS": "3600"}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Give every test of this package a limit that its cleaning up can still follow.

    What Playwright evaluates in a page that hangs has no limit of its own, and pytest-timeout ends the test alone: its
    fixtures would wait for it for ever.
    """
    if iscoroutinefunction(pyfuncitem.obj):
        pyfuncitem.obj = _bounded(pyfuncitem.obj)


def _bounded(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def bounded(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(_LONGEST_S):
            await test(*args, **kwargs)

    return bounded


@pytest.fixture(scope="package")
def chromium() -> str:
    """The path of the browser; without one, nothing else is started."""
    return browser_path()


@pytest.fixture(scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with running_browser(chromium) as browser:
        yield browser


@pytest.fixture(scope="package")
def stack(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The system on the sandbox's account: a month in the book, and new calls and messages all the time."""
    folder = tmp_path_factory.mktemp("browser")
    with running_stack(folder, sandbox_arguments=_TRAFFIC, environment=_ENVIRONMENT) as stack:
        billed = Decimal(stack.sandbox.client.bill()["total"])
        wait_until(lambda: stack.total() >= billed, 60, "the sandbox's month is not in the book")
        yield stack


@pytest.fixture
async def open_visit(browser: Browser, stack: Stack) -> AsyncIterator[OpenVisit]:
    """Opens visits to the running system, with options of Playwright's `new_context`; each is checked at the end."""
    async with AsyncExitStack() as visits:

        async def opened(**options: Any) -> Visit:
            return await visits.enter_async_context(visit_to(browser, stack.tollbook.edge_url, **options))

        yield opened


@pytest.fixture
async def visit(open_visit: OpenVisit) -> Visit:
    """A visit with nothing special about it."""
    return await open_visit()
