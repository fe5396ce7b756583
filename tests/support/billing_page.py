"""The page of all records as its visitors find their way about it: by roles and names, never by classes."""

import re
from dataclasses import dataclass
from decimal import Decimal

from playwright.async_api import Locator, Page, expect

Row = dict[str, str]

_READ_ROWS = """
rows => rows.map(row => Array.from(row.cells, cell => cell.querySelector('data')?.value ?? cell.innerText.trim()))
"""


@dataclass(frozen=True, slots=True)
class BillingPage:
    """What stands on `/billing`."""

    page: Page

    def card(self, title: str) -> Locator:
        return self.page.get_by_role("region", name=title, exact=True)

    def panel(self, title: str) -> Locator:
        return self.page.get_by_role("region", name=title, exact=True)

    @property
    def chart_columns(self) -> Locator:
        """The bars of the chart that have any height; each is a link."""
        chart = self.page.get_by_role("group", name="Cost per day")
        return chart.get_by_role("link", name=re.compile(r"\$(?!0\.0000)"))

    @property
    def chips(self) -> Locator:
        """The filters in force; a click on one takes it away."""
        filters = self.page.get_by_role("list", name="Filters in force")
        return filters.get_by_role("link", name="Remove this filter")

    @property
    def records(self) -> Locator:
        return self.page.get_by_role("table", name="Records")

    @property
    def rows(self) -> Locator:
        """The lines of the bill, without the head of the table."""
        return self.records.get_by_role("row").filter(has=self.page.get_by_role("cell"))

    def heading(self, column: str) -> Locator:
        """The title of a column."""
        return self.records.get_by_role("columnheader", name=column)

    async def read_rows(self) -> list[Row]:
        """The lines by the titles of their columns. Of an amount, the exact one."""
        titles = [
            title.strip(" ▲▼↕\n")
            for title in await self.records.get_by_role("columnheader").all_inner_texts()
        ]
        lines: list[list[str]] = await self.rows.evaluate_all(_READ_ROWS)
        return [dict(zip(titles, line, strict=True)) for line in lines]

    async def read_links(self) -> list[str]:
        """Where the lines lead, from top to bottom: no two records share an address."""
        links: list[str] = await self.rows.get_by_role("link").evaluate_all("links => links.map(a => a.href)")
        return links

    async def read_column(self, column: str) -> list[str]:
        """One column from top to bottom."""
        return [row[column] for row in await self.read_rows()]

    async def choose(self, **choices: str) -> None:
        """Pick options of the filter's lists by their labels (`status="Exact"`), and apply them."""
        for label, option in choices.items():
            await self.page.get_by_role("combobox", name=label.capitalize(), exact=True).select_option(option)
        await self.page.get_by_role("button", name="Apply").click()

    async def is_live(self) -> None:
        """Wait until the page follows the book."""
        await expect(self.page.get_by_role("banner").get_by_role("status")).to_have_text("Live")


def amount(text: str) -> Decimal:
    """The number of an exact amount such as `0.0238 USD`."""
    return Decimal(text.partition(" ")[0])
