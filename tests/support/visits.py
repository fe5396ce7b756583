"""One person's visit to the page: a browser context of its own, and a watch over all that must never happen in it.

    async with visit_to(browser, edge_url, color_scheme="dark") as visit:
        await visit.go("/billing")
        await expect(visit.page.get_by_role("heading", name="Billing")).to_be_visible()

A block that ends well fails all the same when the browser complained of anything: an error or warning on the console,
an exception in a script, something that the content security policy stopped, a dialog, a request that failed, was
answered with an unexpected status, or went anywhere but to the edge.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    Response,
    expect,
)

PATIENCE_S = 10.0
"""How long a page may take for anything that no sandbox's clock decides, on a machine that runs other tests too."""
SOON_MS = 30_000
"""How long the book may take for webhook, attempt and answer, on such a machine."""

_REPORT_POLICY = """
addEventListener('securitypolicyviolation', event =>
  reportPolicy(`${event.violatedDirective} stopped ${event.blockedURI} in ${event.documentURI}`));
"""
# What the watch sees for itself, with the address and the status.
_SAID_ELSEWHERE = "Failed to load resource"
# The page was left while an answer, such as the stream of changes, was still coming.
_LEFT = "net::ERR_ABORTED"


@dataclass  # without slots: Playwright notes its handlers on the object
class Visit:
    """`expected_statuses` are answers from 400 up that this visit provokes; `problems` is what must stay empty."""

    page: Page
    edge_url: str
    expected_statuses: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    async def go(self, path: str) -> Response:
        """Open a page of the edge by its path and query."""
        response = await self.page.goto(f"{self.edge_url}{path}")
        assert response is not None
        return response

    def watch(self, context: BrowserContext) -> None:
        """Keep every problem of the context from now on."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        context.on("dialog", self._on_dialog)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failed)
        context.on("response", self._on_response)

    def on_policy(self, _source: Any, stopped: str) -> None:
        """The page tells that its policy stopped something."""
        self.problems.append(f"policy: {stopped}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_SAID_ELSEWHERE):
            self.problems.append(f"console: {message.text}")

    async def _on_dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(f"{self.edge_url}/"):
            self.problems.append(f"request to elsewhere: {request.url}")

    def _on_failed(self, request: Request) -> None:
        if request.failure != _LEFT:
            self.problems.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected_statuses:
            self.problems.append(f"answer: {response.status} {response.request.method} {response.url}")


@asynccontextmanager
async def visit_to(browser: Browser, edge_url: str, **options: Any) -> AsyncIterator[Visit]:
    """A visit by someone new; `options` are those of Playwright's `new_context`. Raises AssertionError, see above."""
    expect.set_options(timeout=PATIENCE_S * 1000)
    # Movement would let a colour be measured on its way to another.
    context = await browser.new_context(**{"reduced_motion": "reduce", "locale": "en-US", **options})
    try:
        context.set_default_timeout(PATIENCE_S * 1000)
        visit = Visit(await context.new_page(), edge_url)
        visit.watch(context)
        if options.get("java_script_enabled", True):
            await context.expose_binding("reportPolicy", visit.on_policy)
            await context.add_init_script(_REPORT_POLICY)
        yield visit
    finally:
        await context.close()
    assert not visit.problems, "\n".join(visit.problems)
