"""A browser, a running system with the sandbox's traffic, and visits to its page.

One browser and one system per worker, for this package only: nothing of them runs beside other tests.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.sandbox.client import SandboxClient
from tests.support.browser import running_browser
from tests.support.browser_path import browser_path
from tests.support.sandbox_month import make_month
from tests.support.stack import QUICK_QUOTA, Stack, running_stack
from tests.support.visits import Visit, visit_to
from tests.support.waiting import wait_until

OpenVisit = Callable[..., Awaitable[Visit]]

_TRAFFIC = ("--traffic", "--record-delay-min-s", "2", "--record-delay-max-s", "4", *QUICK_QUOTA)
# A call that nobody bills yet stays estimated while a test looks at it.
_ENVIRONMENT = {"SETTLE_HORIZON_SECONDS": "3600"}


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
    folder, began = tmp_path_factory.mktemp("browser"), datetime.now(UTC).isoformat()
    history: list[Decimal] = []

    def make_history(sandbox: SandboxClient) -> None:
        make_month(sandbox)
        history.append(Decimal(sandbox.bill()["total"]))

    with running_stack(
        folder, sandbox_arguments=_TRAFFIC, environment=_ENVIRONMENT, before_start=make_history
    ) as stack:
        wait_until(
            lambda: [_cost_until(stack, began)] == history,
            60,
            "the sandbox's history is not in the book",
            0.1,
        )
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


def _cost_until(stack: Stack, end: str) -> Decimal:
    return Decimal(
        stack.get("/api/billing/summary", **{"from": "2000-01-01", "to": end})["totals"]["totalCost"]
    )
