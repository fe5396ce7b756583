"""The page of one call or message as its visitors find their way about it: by roles and names."""

import re
from dataclasses import dataclass
from decimal import Decimal

from playwright.async_api import Locator, Page

from tests.support.billing_page import amount

_READ_AMOUNTS = "amounts => amounts.map(amount => amount.value)"


@dataclass(frozen=True, slots=True)
class RecordPage:
    """What stands on `/billing/calls/...` and `/billing/charges/...`."""

    page: Page

    @property
    def head(self) -> Locator:
        """Who called whom, what it cost, and why in a sentence."""
        return (
            self.page.get_by_role("main")
            .get_by_role("region")
            .filter(has=self.page.get_by_role("heading", level=1))
        )

    @property
    def sentence(self) -> Locator:
        """`$0.0238: $0.0150 for ..., ...`."""
        return self.head.get_by_role("paragraph").filter(has_text=re.compile(r"^\s*-?\$[0-9.,]+( for|:)"))

    @property
    def waterfall(self) -> Locator:
        """The table of the parts."""
        return self.page.get_by_role("table", name="The parts of the cost")

    @property
    def fetch_button(self) -> Locator:
        return self.page.get_by_role("button", name="Fetch now")

    def section(self, title: str) -> Locator:
        """A part of the page by its heading; the frame within that scrolls has the same name."""
        return self.page.get_by_role("region", name=title, exact=True).first


async def read_amounts(within: Locator) -> list[Decimal]:
    """Every amount in a piece of a page, exact, in order."""
    values: list[str] = await within.locator("data").evaluate_all(_READ_AMOUNTS)
    return [amount(value) for value in values]
