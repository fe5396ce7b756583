"""Everything that counts works with scripts turned off: links and forms do it."""

import re

from playwright.async_api import expect

from tests.e2e.browser.conftest import OpenVisit
from tests.support.billing_page import BillingPage
from tests.support.record_page import RecordPage
from tests.support.sandbox_calls import held_call
from tests.support.stack import Stack
from tests.support.visits import SOON_MS


async def test_reading_filtering_and_turning_pages(open_visit: OpenVisit) -> None:
    visit = await open_visit(java_script_enabled=False)
    billing = BillingPage(visit.page)
    await visit.go("/billing?limit=10")
    await expect(billing.rows).to_have_count(10)
    await expect(visit.page.get_by_role("banner").get_by_role("status")).to_be_hidden()
    await billing.choose(type="Calls", status="Exact")
    await expect(billing.chips).to_have_count(2)
    assert set(await billing.read_column("Status")) == {"exact"}
    await visit.page.get_by_role("link", name="Next page").click()
    await expect(visit.page.get_by_role("link", name="First page")).to_be_visible()
    await expect(billing.chips).to_have_count(2)
    await billing.heading("Cost").get_by_role("link").click()
    await expect(billing.heading("Cost")).to_have_attribute("aria-sort", "descending")
    await billing.chips.first.click()
    await expect(billing.chips).to_have_count(1)
    await visit.page.get_by_text("Custom").click()
    await visit.page.get_by_label("From").fill("2026-01-01")
    await visit.page.get_by_role("button", name="Show").click()
    await expect(visit.page).to_have_url(re.compile("from=2026-01-01"))
    await visit.page.get_by_text("The figures as a table").click()
    await expect(visit.page.get_by_role("table", name=re.compile("by part$"))).to_be_visible()


async def test_fetch_now(open_visit: OpenVisit, stack: Stack) -> None:
    held = held_call(stack)
    held.announce_and_wait()
    visit = await open_visit(java_script_enabled=False)
    call = RecordPage(visit.page)
    await visit.go(f"/billing/calls/{held.leg_ids[0]}")
    await call.fetch_button.click()
    await expect(call.head).to_contain_text(
        "Telnyx was asked, and has not billed all of it yet", timeout=SOON_MS
    )
    held.bill()
    await call.fetch_button.click()
    await expect(call.head).to_contain_text("Telnyx was asked: the cost is exact.", timeout=SOON_MS)
