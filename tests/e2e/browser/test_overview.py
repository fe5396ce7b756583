"""Choosing what is shown, by a mouse on a wide screen: filters, ranges, sorting, pages, zones, clicks on figures, CSV.

The sandbox's traffic goes on meanwhile, so what the page shows is compared with what the REST interface says of the
same address until both agree.
"""

import csv
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.async_api import expect

from tests.e2e.browser.conftest import OpenVisit
from tests.support.billing_page import BillingPage, amount
from tests.support.stack import Stack
from tests.support.visits import Visit

_TRIES = 8


def _parameters(page: BillingPage) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.page.url).query))


async def _agree(read: Callable[[], Awaitable[object]], told: Callable[[], object]) -> None:
    """Both say the same, if not at once, then between two changes of the book."""
    for _ in range(_TRIES):
        before, shown = told(), await read()
        if before == shown:
            return
    assert before == shown


def _rest(stack: Stack, page: BillingPage) -> list[dict[str, Any]]:
    """What the REST interface has for the address of the page."""
    known = {name: value for name, value in _parameters(page).items() if name != "zone"}
    records: list[dict[str, Any]] = stack.get("/api/billing/records", **{"limit": "50", **known})["records"]
    return records


async def _shows_what_rest_says(stack: Stack, page: BillingPage) -> None:
    async def shown() -> list[tuple[str, Decimal, str]]:
        await page.page.reload()
        rows = await page.read_rows()
        return [(row["Number"], amount(row["Cost"]), row["Status"]) for row in rows]

    def told() -> list[tuple[str, Decimal, str]]:
        return [
            (record["phoneNumber"] or "–", Decimal(record["cost"]), record["status"])
            for record in _rest(stack, page)
        ]

    await _agree(shown, told)


@pytest.fixture
async def billing(visit: Visit) -> BillingPage:
    """The page as one finds it."""
    page = BillingPage(visit.page)
    await visit.go("/billing")
    await page.is_live()
    return page


async def test_the_page_tells_what_was_spent(billing: BillingPage, stack: Stack) -> None:
    for title in ("Account balance", "Total cost", "SMS cost", "Call cost"):
        await expect(billing.card(title)).to_contain_text("$")
    await expect(billing.page.get_by_role("meter", name="Exact of the money")).to_be_visible()
    await expect(billing.chart_columns.first).to_be_visible()
    await expect(billing.page.get_by_role("list", name="Parts")).to_contain_text("SIP trunking")
    for title in ("By number", "By type", "By part"):
        await expect(billing.panel(title).get_by_role("listitem").first).to_contain_text("$")
    await _shows_what_rest_says(stack, billing)
    frame = billing.records.locator("..")
    assert await frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")


async def test_filters_live_in_the_address(billing: BillingPage, stack: Stack, visit: Visit) -> None:
    await billing.choose(direction="Outbound", type="Calls", status="Exact")
    await expect(billing.chips).to_have_count(3)
    assert _parameters(billing) == {"direction": "outbound", "recordType": "call", "status": "exact"}
    assert set(await billing.read_column("Type")) == {"Call out"}
    assert set(await billing.read_column("Status")) == {"exact"}
    await _shows_what_rest_says(stack, billing)

    await billing.chips.filter(has_text="Direction").click()
    await expect(billing.chips).to_have_count(2)
    assert _parameters(billing) == {"recordType": "call", "status": "exact"}
    await billing.page.go_back()
    await expect(billing.chips).to_have_count(3)
    await expect(billing.page.get_by_role("combobox", name="Direction")).to_have_value("outbound")
    await billing.page.get_by_role("link", name="Remove all filters").click()
    await expect(billing.chips).to_have_count(0)
    assert _parameters(billing) == {}


async def test_a_number_and_a_text(billing: BillingPage) -> None:
    number = next(n for n in await billing.read_column("Number") if n.startswith("+1"))
    await billing.page.get_by_role("combobox", name="Number").fill(number)
    await billing.page.get_by_role("button", name="Apply").click()
    await expect(billing.chips).to_have_text(re.compile(rf"Number: {re.escape(number)}"))
    assert set(await billing.read_column("Number")) == {number}

    await billing.chips.first.click()
    await expect(billing.chips).to_have_count(0)
    await billing.page.get_by_role("searchbox", name="Search").fill("SMS to")
    await billing.page.get_by_role("searchbox", name="Search").press("Enter")
    await expect(billing.chips).to_have_text(re.compile("Text: SMS to"))
    assert set(await billing.read_column("Type")) == {"SMS out"}
    await billing.page.get_by_role("searchbox", name="Search").fill("no such thing")
    await billing.page.get_by_role("searchbox", name="Search").press("Enter")
    await expect(billing.page.get_by_text("No record matches.")).to_be_visible()
    await expect(billing.page.get_by_role("link", name="remove the filters")).to_be_visible()


async def test_ready_made_and_own_ranges(billing: BillingPage, stack: Stack) -> None:
    ranges = billing.page.get_by_role("navigation", name="Range")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    await ranges.get_by_role("link", name="Today").click()
    await expect(ranges.get_by_role("link", name="Today")).to_have_attribute("aria-current", "true")
    assert _parameters(billing) == {"from": today, "to": today}
    await _shows_what_rest_says(stack, billing)
    for name in ("Yesterday", "7 days", "This month", "Last month", "30 days"):
        await ranges.get_by_role("link", name=name).click()
        await expect(ranges.get_by_role("link", name=name)).to_have_attribute("aria-current", "true")
    assert _parameters(billing) == {}

    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    await ranges.get_by_text("Custom").click()
    await ranges.get_by_label("From").fill(yesterday)
    await ranges.get_by_label("To, included").fill(today)
    await ranges.get_by_role("button", name="Show").click()
    await expect(billing.page).to_have_url(re.compile(f"from={yesterday}&to={today}$"))
    await _shows_what_rest_says(stack, billing)


@pytest.mark.parametrize("column", ["Cost", "Duration", "Time"])
async def test_a_click_on_a_title_sorts(billing: BillingPage, stack: Stack, column: str) -> None:
    heading = billing.heading(column)
    first, second = ("ascending", "descending") if column == "Time" else ("descending", "ascending")
    await heading.get_by_role("link").click()
    await expect(heading).to_have_attribute("aria-sort", first)
    await _shows_what_rest_says(stack, billing)
    if column == "Cost":
        costs = [amount(cost) for cost in await billing.read_column("Cost")]
        assert costs == sorted(costs, reverse=True)
    await heading.get_by_role("link").click()
    await expect(heading).to_have_attribute("aria-sort", second)
    await _shows_what_rest_says(stack, billing)


async def test_pages(billing: BillingPage, visit: Visit) -> None:
    # The oldest first: new calls do not move these pages.
    await visit.go("/billing?sort=timestamp&limit=20")
    first, first_links = await billing.read_rows(), await billing.read_links()
    await billing.page.get_by_role("link", name="Next page").click()
    await expect(billing.page.get_by_role("link", name="First page")).to_be_visible()
    second, second_links = await billing.read_rows(), await billing.read_links()
    assert len(set(first_links + second_links)) == len(first) + len(second) == 40
    assert first[-1]["Time"] <= second[0]["Time"]
    await billing.page.go_back()
    await expect(billing.page.get_by_role("link", name="First page")).to_have_count(0)
    assert await billing.read_links() == first_links


async def test_a_zone_moves_the_clocks_and_nothing_else(billing: BillingPage, visit: Visit) -> None:
    await visit.go("/billing?sort=timestamp&limit=20")
    in_utc = await billing.read_rows()
    await billing.page.get_by_role("combobox", name="Time zone").fill("Asia/Kolkata")
    await billing.page.get_by_role("button", name="Apply").click()
    await expect(billing.page).to_have_url(re.compile("zone=Asia(/|%2F)Kolkata"))
    await expect(billing.panel("Records")).to_contain_text("times in Asia/Kolkata")
    in_kolkata = await billing.read_rows()
    assert [_moment(row) - _moment(other) for row, other in zip(in_kolkata, in_utc, strict=True)] == [
        timedelta(hours=5, minutes=30)
    ] * 20
    assert [{**row, "Time": ""} for row in in_kolkata] == [{**row, "Time": ""} for row in in_utc]


async def test_a_click_on_a_figure_shows_only_that(billing: BillingPage) -> None:
    number = billing.panel("By number").get_by_role("link").first
    chosen = await number.inner_text()
    await number.click()
    await expect(billing.chips).to_have_text(re.compile(f"Number: {re.escape(chosen)}"))
    assert set(await billing.read_column("Number")) == {chosen}
    await billing.panel("By type").get_by_role("link", name="Call out").click()
    await expect(billing.chips).to_have_count(3)
    assert set(await billing.read_column("Type")) == {"Call out"}
    # A click on what is chosen takes the filter away again.
    await billing.panel("By type").get_by_role("link", name="Call out").click()
    await expect(billing.chips).to_have_count(1)

    await billing.chart_columns.last.locator("rect").first.click()
    await expect(billing.page).to_have_url(re.compile("from=[0-9-]+&to="))
    assert _parameters(billing)["from"] == _parameters(billing)["to"]
    days = {time.split()[0] for time in await billing.read_column("Time")}
    assert days == {_parameters(billing)["from"]}


async def test_the_csv_is_what_the_filter_shows(billing: BillingPage, stack: Stack, tmp_path: Path) -> None:
    await billing.choose(type="SMS")
    await expect(billing.chips).to_have_count(1)

    async def downloaded() -> list[tuple[str, Decimal, str]]:
        async with billing.page.expect_download() as download:
            await billing.page.get_by_role("link", name="CSV").click()
        path = tmp_path / "records.csv"
        await (await download.value).save_as(path)
        with path.open(newline="", encoding="utf-8") as lines:
            return [(row["id"], Decimal(row["cost"]), row["status"]) for row in csv.DictReader(lines)]

    def told() -> list[tuple[str, Decimal, str]]:
        return [
            (record["id"], Decimal(record["cost"]), record["status"])
            for record in stack.get("/api/billing/records", recordType="sms", limit="1000")["records"]
        ]

    await _agree(downloaded, told)
    assert len(told()) > 0


def _moment(row: dict[str, str]) -> datetime:
    return datetime.strptime(row["Time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


async def test_on_a_phone(open_visit: OpenVisit) -> None:
    """By touch: the filters unfold, and a line of the bill is a card that leads to its page."""
    visit = await open_visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page, billing = visit.page, BillingPage(visit.page)
    await visit.go("/billing")
    await billing.is_live()
    await page.get_by_text("Filter", exact=True).tap()
    await page.get_by_role("combobox", name="Status", exact=True).select_option("Exact")
    await page.get_by_role("button", name="Apply").tap()
    await expect(billing.chips).to_have_count(1)
    await expect(billing.rows.first).to_contain_text("exact")
    await billing.rows.first.get_by_role("link").tap()
    await expect(page.get_by_role("navigation", name="Breadcrumb")).to_be_visible()
    await page.go_back()
    await expect(billing.chips).to_have_count(1)
