"""Everything can be reached and operated by keyboard alone, and one always sees where one is."""

import asyncio
import re

from playwright.async_api import Locator, Page, Route, expect

from tests.support.billing_page import BillingPage
from tests.support.record_page import RecordPage
from tests.support.visits import Visit

_MOST_STOPS = 200

_STOPS = """
() => Array.from(document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]'))
  .filter(element => element.type !== 'hidden' && element.checkVisibility({visibilityProperty: true}))
"""
_COUNT = f"() => ({_STOPS})().length"
# The number of the element that has the focus, -1 for none of them.
_PLACE = f"() => ({_STOPS})().indexOf(document.activeElement)"
_NAME = "() => document.activeElement.outerHTML.slice(0, 160)"
# An outline, of the element or of the line it stands in; in a drawing, the frame of the shape.
_IS_SEEN = """
() => {
  const element = document.activeElement;
  const around = [element, element.parentElement, element.closest('tr')].filter(each => each !== null);
  const shape = element.querySelector(':scope > rect');
  const frame = shape && getComputedStyle(shape);
  return around.map(each => getComputedStyle(each))
      .some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)
    || (frame !== null && frame.stroke !== 'none' && parseFloat(frame.strokeWidth) >= 2);
}
"""


async def test_tab_reaches_everything_and_shows_where_it_is(visit: Visit) -> None:
    page = visit.page
    followed = ("/billing?days=7&limit=3&sort=timestamp", await _path_of_a_call(visit))
    for path in (*followed, "/billing/audit?days=1", "/billing/statement?days=1"):
        await visit.go(path)
        if path in followed:
            await expect(page.get_by_role("banner").get_by_role("status")).to_have_text("Live")
        if "/calls/" in path:
            # They come when one gets there: places that are counted meanwhile would get other numbers.
            await _witnesses(page).scroll_into_view_if_needed()
            await expect(_witnesses(page).get_by_role("table")).to_be_visible()
        reached: set[int] = set()
        for _ in range(_MOST_STOPS):
            await page.keyboard.press("Tab")
            place: int = await page.evaluate(_PLACE)
            if place in reached and place == min(reached):
                break
            if place >= 0:
                reached.add(place)
                assert await page.evaluate(_IS_SEEN), await page.evaluate(_NAME)
        count: int = await page.evaluate(_COUNT)
        assert sorted(set(range(count)) - reached) == []


async def test_the_keyboard_goes_on_in_the_witnesses_that_come(visit: Visit) -> None:
    page, path, is_there = visit.page, await _path_of_a_call(visit), asyncio.Event()

    async def hold_the_witnesses(route: Route) -> None:
        await is_there.wait()
        await route.continue_()

    await page.route("**/witnesses*", hold_the_witnesses)
    await visit.go(path)
    link = page.get_by_role("link", name="See whether they agree")
    await link.focus()
    await expect(link).to_be_focused()
    is_there.set()
    await expect(_witnesses(page).get_by_role("group", name="Witnesses")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(_witnesses(page).get_by_role("button", name="Ask Telnyx as well")).to_be_focused()


async def test_the_content_comes_first_for_who_wants_it(visit: Visit) -> None:
    await visit.go("/billing")
    await visit.page.keyboard.press("Tab")
    skip = visit.page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.get_by_role("main")).to_be_focused()


async def test_filters_by_keyboard(visit: Visit) -> None:
    page, billing = visit.page, BillingPage(visit.page)
    await visit.go("/billing")
    await page.get_by_role("searchbox", name="Search").focus()
    await page.keyboard.type("Call to")
    await page.keyboard.press("Enter")
    await expect(billing.chips).to_have_count(1)
    await page.get_by_role("combobox", name="Status").focus()
    await page.keyboard.type("Exact")
    await page.get_by_role("button", name="Apply").focus()
    await page.keyboard.press("Space")
    await expect(billing.chips).to_have_count(2)
    await _press(billing.chips.first, "Enter")
    await expect(billing.chips).to_have_count(1)
    await _press(billing.heading("Cost").get_by_role("link"), "Enter")
    await expect(billing.heading("Cost")).to_have_attribute("aria-sort", "descending")
    await expect(billing.heading("Cost").get_by_role("link")).to_be_focused()
    await _press(billing.chart_columns.last, "Enter")
    await expect(page).to_have_url(re.compile("from=.*&to="))
    # What had the focus is still there, or something near it: never the top of the page.
    assert await page.evaluate("() => document.activeElement !== document.body")


async def test_an_own_range_by_keyboard(visit: Visit) -> None:
    page = visit.page
    await visit.go("/billing")
    custom = page.get_by_text("Custom")
    await _press(custom, "Enter")
    await expect(page.get_by_label("From", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("From", exact=True)).to_be_hidden()
    await expect(custom).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_label("From", exact=True).focus()
    await page.keyboard.type("01022026")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("from=2026-01-02"))


async def test_a_call_by_keyboard(visit: Visit) -> None:
    page, call = visit.page, RecordPage(visit.page)
    await visit.go("/billing?recordType=call&status=exact&sort=timestamp")
    await _press(BillingPage(page).rows.first.get_by_role("link"), "Enter")
    await expect(call.sentence).to_be_visible()
    await _press(call.head.get_by_text("Ids", exact=True), "Enter")
    await expect(call.head.get_by_text("session id")).to_be_visible()
    await _press(call.fetch_button, "Space")
    await expect(call.head).to_contain_text("Telnyx was asked")
    await page.keyboard.press("Alt+ArrowLeft")
    await expect(page).to_have_url(re.compile("/billing"))


def _witnesses(page: Page) -> Locator:
    return page.get_by_role("region", name="Witnesses", exact=True)


async def _press(target: Locator, key: str) -> None:
    await target.focus()
    await target.page.keyboard.press(key)


async def _path_of_a_call(visit: Visit) -> str:
    await visit.go("/billing?recordType=call&status=exact&sort=timestamp")
    href = await BillingPage(visit.page).rows.first.get_by_role("link").get_attribute("href")
    assert href
    return href
