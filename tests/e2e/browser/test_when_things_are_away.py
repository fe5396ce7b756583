"""An empty book, and services that do not answer: the page says so and what to do, and recovers by itself."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.accessibility import accessibility_violations
from tests.support.billing_page import BillingPage
from tests.support.stack import Stack, running_stack
from tests.support.visits import SOON_MS, visit_to
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(150)


async def test_from_an_empty_book_through_outages(browser: Browser, tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        async with visit_to(browser, stack.tollbook.edge_url) as visit:
            page, billing = visit.page, BillingPage(visit.page)
            await visit.go("/billing")
            await billing.is_live()
            await expect(billing.panel("Records")).to_contain_text("No calls or messages yet.")
            await _is_accessible(page)
            call_id = stack.sandbox.client.create("pstn-outbound", 1)[0]["legs"][0]["call_control_id"]
            await expect(billing.rows).to_have_count(1, timeout=SOON_MS)

            wait_until(lambda: _has_balance(stack), 60, "no balance is in the book")
            stack.tollbook.stop("telnyx_gateway")
            await page.reload()
            # The last that is known, and from when it is.
            await expect(billing.card("Account balance")).to_contain_text("as of")
            await expect(billing.rows).to_have_count(1)
            await _is_accessible(page)

            stack.tollbook.stop("ledger")
            visit.expected_statuses.update({502, 503})
            await expect(page.get_by_role("banner").get_by_role("status")).to_have_text(
                "Reconnecting", timeout=SOON_MS
            )
            await visit.go(f"/billing/calls/{call_id}")
            await expect(page.get_by_role("alert")).to_be_visible()
            await expect(page.get_by_role("link", name="Back to billing")).to_be_visible()
            await _is_accessible(page)
            await visit.go("/billing")
            await expect(page.get_by_role("alert")).to_contain_text("The book cannot be read")
            await expect(billing.card("Account balance")).to_contain_text("could not be read")
            await _is_accessible(page)

            stack.tollbook.start("ledger")
            stack.tollbook.start("telnyx_gateway")
            await expect(page.get_by_role("banner").get_by_role("status")).to_have_text(
                "Live", timeout=SOON_MS
            )
            await expect(page.get_by_role("alert")).to_be_hidden(timeout=SOON_MS)
            await expect(billing.rows).to_have_count(1)


def _has_balance(stack: Stack) -> bool:
    return bool(stack.get("/api/billing/balance/history")["snapshots"])


async def _is_accessible(page: Page) -> None:
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        assert await accessibility_violations(page) == []
