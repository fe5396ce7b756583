"""The page follows the book: what happens while one looks at it appears without a reload."""

import asyncio

from playwright.async_api import Page, Route, expect

from tests.support.billing_page import BillingPage
from tests.support.record_page import RecordPage
from tests.support.sandbox_calls import held_call
from tests.support.stack import Stack
from tests.support.visits import SOON_MS, Visit


async def test_a_call_appears_and_turns_exact(visit: Visit, stack: Stack) -> None:
    call = held_call(stack)
    billing = BillingPage(visit.page)
    await visit.go(f"/billing?text={call.session_id}")
    await billing.is_live()
    await _mark(visit.page)
    await expect(visit.page.get_by_text("No record matches.")).to_be_visible()

    call.announce()
    await expect(billing.rows).to_have_count(1, timeout=SOON_MS)
    await expect(billing.rows).to_contain_text("estimated", timeout=SOON_MS)
    [estimate] = await billing.read_column("Cost")

    call.bill()
    await expect(billing.rows).to_contain_text("exact", timeout=SOON_MS)
    [cost] = await billing.read_column("Cost")
    assert cost != estimate
    await expect(billing.card("Total cost").get_by_title(cost).first).to_be_visible()
    assert await _is_the_same_document(visit.page)


async def test_the_page_of_a_call_appears_and_turns_exact(visit: Visit, stack: Stack) -> None:
    call = held_call(stack)
    visit.expected_statuses.add(404)
    await visit.go(f"/billing/calls/{call.leg_ids[0]}")
    await expect(visit.page.get_by_role("banner").get_by_role("status")).to_have_text("Live")
    await _mark(visit.page)
    await expect(visit.page.get_by_role("heading", name="No call is known by this id")).to_be_visible()

    call.announce()
    head = RecordPage(visit.page).head
    await expect(head).to_contain_text("estimated", timeout=SOON_MS)
    await expect(head).to_contain_text("Telnyx has not billed")

    call.bill()
    await expect(head).to_contain_text("Telnyx has billed all of it; nothing is missing.", timeout=SOON_MS)
    await expect(head).to_contain_text("exact")
    assert await _is_the_same_document(visit.page)


async def test_one_keeps_ones_place(visit: Visit, stack: Stack) -> None:
    """The keyboard stays where it is, and what was unfolded stays so, when something changes."""
    call = held_call(stack)
    billing = BillingPage(visit.page)
    await visit.go("/billing?sort=timestamp&limit=5")
    await billing.is_live()
    await visit.page.get_by_text("The figures as a table").click()
    figures = visit.page.get_by_role("region", name="Cost per day, by part")
    place = billing.rows.nth(2).get_by_role("link")
    await place.focus()

    count = billing.panel("Records").get_by_text("times in")
    before = await count.inner_text()
    call.announce()
    await expect(count).not_to_have_text(before, timeout=SOON_MS)
    await expect(place).to_be_focused()
    await expect(figures).to_be_visible()
    call.bill()


async def _mark(page: Page) -> None:
    await page.evaluate("() => { window.isTheSameDocument = true }")


async def _is_the_same_document(page: Page) -> bool:
    """Nothing was loaded anew since the mark."""
    return bool(await page.evaluate("() => window.isTheSameDocument === true"))


async def test_an_update_under_way_does_not_undo_an_answer(visit: Visit, stack: Stack) -> None:
    """The page asks for itself, somebody presses the button meanwhile, and the older answer comes last."""
    held = held_call(stack)
    held.announce_and_wait()
    page, call = visit.page, RecordPage(visit.page)
    asked, released = asyncio.Event(), asyncio.Event()

    async def hold_the_first_update(route: Route) -> None:
        is_update = (
            route.request.headers.get("hx-request") is not None and route.request.redirected_from is None
        )
        if not is_update or asked.is_set():
            await route.continue_()
            return
        answer = await route.fetch()
        asked.set()
        await released.wait()
        await route.fulfill(response=answer)

    await visit.go(f"/billing/calls/{held.leg_ids[0]}")
    await expect(page.get_by_role("banner").get_by_role("status")).to_have_text("Live")
    await page.route("**/billing/calls/**", hold_the_first_update)
    held.bill()
    await asked.wait()
    await call.fetch_button.click()
    await expect(call.head).to_contain_text("Telnyx was asked: the cost is exact.", timeout=SOON_MS)
    async with page.expect_event("requestfinished", lambda request: "/billing/calls/" in request.url):
        released.set()
    await page.evaluate("() => new Promise(requestAnimationFrame)")
    await expect(call.head).to_contain_text("Telnyx was asked: the cost is exact.")
    await expect(call.head.get_by_text("exact", exact=True)).to_be_visible()
