"""Every view for everyone: axe has no complaint in either colour scheme, on a phone as on a desk; text can be twice as
large and the window as narrow as WCAG 2.2 wants it (1.4.4, 1.4.10)."""

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.e2e.browser.conftest import OpenVisit
from tests.e2e.browser.views import VIEWS
from tests.support.accessibility import accessibility_violations
from tests.support.stack import Stack

_DESK: ViewportSize = {"width": 1280, "height": 800}
_PHONE: ViewportSize = {"width": 390, "height": 844}
_WIDE: ViewportSize = {"width": 1920, "height": 1080}
_NARROW: ViewportSize = {"width": 320, "height": 640}

# How far the page is wider than the window, and what of it sticks out.
_TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = Array.from(document.body.querySelectorAll('*')).filter(element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > width + 1 && !element.parentElement.closest('.scroll');
  });
  return [`${document.documentElement.scrollWidth} > ${width}`,
          ...wide.slice(-3).map(element => element.outerHTML.slice(0, 160))];
}
"""
_TWICE_AS_LARGE = "() => { document.documentElement.style.fontSize = '200%' }"
_FONT_SIZE = "() => parseFloat(getComputedStyle(document.querySelector('main p, main h1')).fontSize)"


@pytest.mark.parametrize("name", VIEWS)
async def test_a_view(name: str, open_visit: OpenVisit, stack: Stack) -> None:
    view = VIEWS[name]
    visit = await open_visit(viewport=_DESK)
    visit.expected_statuses.add(view.status)
    answer = await visit.go(view.path(stack))
    assert answer.status == view.status
    page = visit.page
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_role("main")).to_be_visible()
    for viewport in (_DESK, _PHONE):
        await page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await accessibility_violations(page) == [], f"{name}, {scheme}, {viewport}"
    for viewport in (_WIDE, _DESK, _PHONE, _NARROW):
        await page.set_viewport_size(viewport)
        assert await page.evaluate(_TOO_WIDE) == [], f"{name}, {viewport}"
    await _stays_whole_with_larger_text(page)


async def _stays_whole_with_larger_text(page: Page) -> None:
    await page.set_viewport_size(_DESK)
    before: float = await page.evaluate(_FONT_SIZE)
    await page.evaluate(_TWICE_AS_LARGE)
    assert await page.evaluate(_FONT_SIZE) == pytest.approx(before * 2, rel=0.2)
    assert await page.evaluate(_TOO_WIDE) == []
