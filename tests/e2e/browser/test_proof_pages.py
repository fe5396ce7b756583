"""The pages that prove the book, over a real one: the audit, the statement, and the witnesses of a call."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser.conftest import OpenVisit
from tests.support.record_page import read_amounts
from tests.support.sandbox_calls import held_call
from tests.support.stack import Stack
from tests.support.visits import SOON_MS, Visit
from tests.support.waiting import wait_until

_YESTERDAY = "Yesterday"


@pytest.fixture(autouse=True)
def _asked_once(stack: Stack) -> None:
    """The first audit of all asks Telnyx about every product; a page would not wait for that on a busy machine."""
    stack.get("/api/billing/audit")


async def test_the_audit_is_one_click_away_and_equal_where_it_is_over(visit: Visit, stack: Stack) -> None:
    page = visit.page
    await visit.go("/billing")
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
    await page.get_by_role("link", name=_YESTERDAY).click()
    await expect(page.get_by_role("link", name=_YESTERDAY)).to_have_attribute("aria-current", "true")
    # Yesterday itself may still be open in the first hour of a day: SETTLE_HORIZON_SECONDS.
    yesterday = dict(re.findall(r"(from|to)=([0-9-]+)", page.url))
    query = {name: str(date.fromisoformat(day) - timedelta(days=1)) for name, day in yesterday.items()}
    await visit.go(f"/billing/audit?{urlencode(query)}")
    told = stack.get("/api/billing/audit", **query)
    assert {line["verdict"] for line in told["lines"]} == {"equal"}
    summary = page.get_by_role("region", name="The book against Telnyx's own totals")
    await expect(summary.get_by_text("Every day of every product is equal.")).to_be_visible()
    table = page.get_by_role("table", name="What the book has for each day and product")
    book = table.get_by_role("row", name=re.compile("^The book"))
    assert (await read_amounts(book))[0] == told["totals"]["bookCost"] > 0
    difference = table.get_by_role("row", name=re.compile("^Difference"))
    assert set(await read_amounts(difference)) == {Decimal(0)}


async def test_what_is_still_open_unfolds(visit: Visit, stack: Stack) -> None:
    _bill_more_than_is_reported(stack)
    held = held_call(stack)
    held.announce_and_wait()
    wait_until(lambda: bool(_waiting_trunking(stack)), 30, "no open line waits for a call", poll_s=0.1)
    [waiting, *_] = _waiting_trunking(stack)
    page = visit.page
    await visit.go("/billing/audit?days=2")
    table = page.get_by_role("table", name="What the book has for each day and product")
    await table.get_by_role("link", name="open").first.click()
    still_open = page.get_by_role("region", name="Still open")
    await expect(still_open).to_be_visible()
    name = re.compile(rf"{waiting['day']}\s+SIP trunking")
    line = still_open.get_by_role("group").filter(has_text=name).first
    await line.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(line.get_by_text(waiting["reason"])).to_be_visible()
    await line.get_by_role("link", name="The charge").first.click()
    await expect(page).to_have_url(re.compile("/billing/calls/"))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    held.bill()


async def test_asking_telnyx_again(visit: Visit) -> None:
    page = visit.page
    await visit.go("/billing/audit?days=1")
    await page.get_by_role("button", name="Ask Telnyx again").click()
    await expect(page.get_by_text(re.compile("^Telnyx was asked again"))).to_be_visible(timeout=SOON_MS)
    await expect(page).to_have_url(re.compile(r"/billing/audit\?days=1&outcome="))


async def test_the_statement_adds_up(visit: Visit, stack: Stack) -> None:
    page = visit.page
    await visit.go("/billing")
    await page.get_by_role("region", name="Account balance").get_by_role("link", name="Statement").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Statement")
    rows = page.get_by_role("region", name="From the opening balance to the closing one").get_by_role("row")
    amounts = [await read_amounts(row) for row in await rows.all()]
    [opening], *lines, [moved, closing] = [row for row in amounts if row]
    assert opening + sum(amount for amount, _ in lines) == opening + moved == closing
    assert lines[-1][1] == closing
    await expect(rows.filter(has_text="Not explained")).to_have_count(1)
    await expect(page.get_by_role("img", name=re.compile("^The balance from"))).to_be_visible()
    await page.get_by_text("The figures as a table").click()
    await expect(page.get_by_role("table", name="The balance, by UTC day")).to_be_visible()


async def test_the_witnesses_of_a_call_come_when_one_gets_there(visit: Visit, stack: Stack) -> None:
    page = visit.page
    records = stack.get("/api/billing/records", recordType="call", status="exact", sort="-cost")["records"]
    call = stack.get(f"/api/billing/calls/{records[0]['id']}")
    await visit.go(f"/billing/calls/{call['telnyxCallId']}")
    await page.get_by_role("link", name="what each of them says of it").click()
    witnesses = page.get_by_role("region", name="Witnesses", exact=True)
    await expect(witnesses.get_by_role("table")).to_be_visible()
    # Nobody's place on the page was lost by it.
    await expect(page.get_by_role("heading", level=1)).not_to_be_focused()
    assert await _total_of(page, 1) == stack.get(f"/api/billing/sessions/{call['callSessionId']}")["cost"]
    await witnesses.get_by_role("button", name="Ask Telnyx as well").click()
    await expect(witnesses).to_contain_text("Where they speak of the same, they agree.", timeout=SOON_MS)
    assert await _total_of(page, 3) == await _total_of(page, 1)


async def test_all_of_it_without_scripts(open_visit: OpenVisit, stack: Stack) -> None:
    visit = await open_visit(java_script_enabled=False)
    page = visit.page
    await visit.go("/billing")
    await page.get_by_role("link", name="Audit it against Telnyx").click()
    await page.get_by_role("link", name=_YESTERDAY).click()
    await page.get_by_role("button", name="Ask Telnyx again").click()
    await expect(page.get_by_text(re.compile("^Telnyx was asked again"))).to_be_visible(timeout=SOON_MS)
    await expect(page.get_by_role("link", name=_YESTERDAY)).to_have_attribute("aria-current", "true")
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Statement").click()
    await page.get_by_text("Custom").click()
    await page.get_by_role("textbox", name="From").fill("2026-01-01")
    await page.get_by_role("button", name="Show").click()
    await expect(page).to_have_url(re.compile(r"/billing/statement\?from=2026-01-01"))
    records = stack.get("/api/billing/records", recordType="call", status="exact", limit=1)["records"]
    await visit.go(f"/billing/calls/{records[0]['id']}")
    await page.get_by_role("link", name="See whether they agree").click()
    await expect(page.get_by_role("region", name="Witnesses").get_by_role("table")).to_be_visible()
    await page.get_by_role("button", name="Ask Telnyx as well").click()
    await expect(page).to_have_url(re.compile("askTelnyx=true"))


async def _total_of(page: Page, column: int) -> Decimal:
    """The last line of the witnesses' table."""
    cells = page.get_by_role("region", name="Witnesses", exact=True).get_by_role("row", name="In all")
    amounts = await read_amounts(cells.get_by_role("cell").nth(column - 1))
    return amounts[0]


def _bill_more_than_is_reported(stack: Stack) -> None:
    """A day that waits for calls is equal all the same while its sums are: a call is billed after Telnyx's report.

    The report stays as it is for a minute.
    """
    billed = held_call(stack)
    billed.announce_and_wait()
    stack.get("/api/billing/audit", days=2, refresh="true")
    billed.bill()


def _waiting_trunking(stack: Stack) -> list[dict[str, Any]]:
    """The open lines of SIP trunking that wait for a call, and in which the book is ahead of the report."""
    lines = stack.get("/api/billing/audit", days=2)["lines"]
    return [
        line
        for line in lines
        if (line["recordType"], line["verdict"]) == ("sip-trunking", "open")
        and line["causes"]
        and (line["difference"] or 0) > 0
    ]
