"""What axe, the accessibility checker, has to say about a page as it is shown now."""

import asyncio
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

# Everything that WCAG 2.2 AA asks for and axe can tell, and axe's own best practices.
_RUN = "() => axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"
_TIMEOUT_S = 30.0


async def accessibility_violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule: the rule, the element, and why.

    Raises TimeoutError where axe does not come to an end; it needs a page whose scripts may run.
    """
    # Playwright itself would wait for ever.
    async with asyncio.timeout(_TIMEOUT_S):
        if not await page.evaluate("() => 'axe' in window"):
            await page.evaluate(AXE_SCRIPT)
        found: dict[str, Any] = await page.evaluate(_RUN)
    return [
        f"{violation['id']}: {node['html']}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
