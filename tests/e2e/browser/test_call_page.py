"""A call's page: why it cost what it cost, and where to look further."""

import re

from playwright.async_api import expect

from tests.support.billing_page import BillingPage, amount
from tests.support.record_page import RecordPage, read_amounts
from tests.support.sandbox_calls import held_call
from tests.support.stack import Stack
from tests.support.visits import SOON_MS, Visit


async def test_a_newcomer_finds_why_a_call_cost_what_it_cost(visit: Visit) -> None:
    """Three clicks from the first page, with nothing but the words on it to go by."""
    billing = BillingPage(visit.page)
    await visit.go("/billing")
    await billing.panel("By type").get_by_role("link", name="Call out").click()
    await expect(billing.chips).not_to_have_count(0)
    await billing.heading("Cost").get_by_role("link").click()
    await expect(billing.heading("Cost")).to_have_attribute("aria-sort", "descending")
    await billing.rows.first.get_by_role("link").click()

    call = RecordPage(visit.page)
    await expect(call.sentence).to_be_visible()
    cost, *_ = await read_amounts(call.head)
    total, *terms = await read_amounts(call.sentence)
    assert sum(terms or [total]) == total == cost > 0
    steps = call.waterfall.get_by_role("rowgroup").nth(1).get_by_role("row")
    assert await steps.count() > 0
    assert sum([(await read_amounts(row))[0] for row in await steps.all()]) == cost
    whole = call.waterfall.get_by_role("row", name="In all")
    assert await read_amounts(whole) == [cost]


async def test_everything_about_a_call_agrees(visit: Visit, stack: Stack) -> None:
    """The worked example of the facts: a customer leg, an agent leg, and a twin that no webhook shows."""
    held = held_call(stack, "dialer")
    held.announce()
    held.bill()
    await visit.go("/billing")
    page = visit.page
    call = RecordPage(page)
    leg_id = held.leg_ids[0]
    await page.get_by_role("searchbox", name="Search").fill(leg_id)
    await page.get_by_role("searchbox", name="Search").press("Enter")
    await expect(BillingPage(page).rows).to_have_count(1, timeout=SOON_MS)
    await BillingPage(page).rows.get_by_role("link").click()
    await expect(call.head).to_contain_text(
        "Telnyx has billed all of it; nothing is missing.", timeout=SOON_MS
    )

    told = stack.get(f"/api/billing/calls/{leg_id}")
    assert (await read_amounts(call.head))[0] == told["cost"]
    total, *terms = await read_amounts(call.sentence)
    assert len(terms) > 1
    assert sum(terms) == total == told["cost"]
    journal = call.section("Journal")
    await expect(journal).to_contain_text("The amounts add up to the cost")
    assert (await read_amounts(journal))[-1] == told["cost"]
    await expect(call.section("Used and billed")).to_contain_text("Rounding up")
    await expect(call.section("Estimate and exact cost")).to_contain_text("Difference")

    session = call.section("The whole conversation")
    await call.head.get_by_role("link", name="see them all").click()
    await expect(session).to_be_in_viewport()
    assert (await read_amounts(session))[-1] == stack.get(f"/api/billing/sessions/{held.session_id}")["cost"]
    await expect(session.get_by_text("silent", exact=True).first).to_be_visible()

    facts = call.section("As Telnyx told it")
    await facts.get_by_text("Recording", exact=True).click()
    await expect(facts.get_by_text(re.compile('"record_type": "recording"'))).to_be_visible()
    await session.get_by_role("link", name="Leg 2").click()
    await expect(page).not_to_have_url(re.compile(re.escape(leg_id)))
    await expect(call.sentence).to_be_visible()


async def test_back_to_the_list_as_it_was(visit: Visit) -> None:
    billing = BillingPage(visit.page)
    await visit.go("/billing?recordType=call&status=exact&sort=timestamp&zone=Europe/Berlin")
    rows = await billing.read_rows()
    await billing.rows.nth(3).get_by_role("link").click()
    await expect(RecordPage(visit.page).head).to_contain_text("UTC+0")
    await visit.page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Billing").click()
    await expect(billing.chips).to_have_count(2)
    assert await billing.read_rows() == rows


async def test_fetch_now(visit: Visit, stack: Stack) -> None:
    held = held_call(stack)
    held.announce_and_wait()
    call = RecordPage(visit.page)
    await visit.go(f"/billing/calls/{held.leg_ids[0]}")
    await call.fetch_button.click()
    await expect(call.head).to_contain_text(
        "Telnyx was asked, and has not billed all of it yet", timeout=SOON_MS
    )
    await expect(call.head).to_contain_text("estimated")
    held.bill()
    await call.fetch_button.click()
    await expect(call.head).to_contain_text("Telnyx was asked: the cost is exact.", timeout=SOON_MS)
    await expect(call.head.get_by_text("exact", exact=True)).to_be_visible()
    await visit.page.reload()
    await expect(call.head).to_contain_text("exact")


async def test_the_page_of_a_message(visit: Visit) -> None:
    billing = BillingPage(visit.page)
    await visit.go("/billing?recordType=sms&status=exact&sort=timestamp")
    cost = amount((await billing.read_column("Cost"))[0])
    await billing.rows.first.get_by_role("link").click()
    message = RecordPage(visit.page)
    await expect(message.head).to_contain_text("message")
    assert (await read_amounts(message.head))[0] == cost
    await expect(message.section("Journal")).to_contain_text("The amounts add up to the cost")
