"""The pictures of the page. `make screenshots` keeps them in docs/images; any other run throws them away."""

import os
from pathlib import Path

import pytest
from playwright.async_api import ViewportSize, expect

from tests.e2e.browser.conftest import OpenVisit
from tests.support.billing_page import BillingPage
from tests.support.past_balances import remember_balances
from tests.support.processes import ROOT
from tests.support.record_page import RecordPage
from tests.support.sandbox_calls import held_call
from tests.support.stack import Stack
from tests.support.visits import SOON_MS

_DESK: ViewportSize = {"width": 1280, "height": 1400}
_PHONE: ViewportSize = {"width": 390, "height": 844}
_LARGEST_BYTES = 250_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go."""
    kept = os.environ.get("SCREENSHOTS")
    path = ROOT / kept if kept else tmp_path
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.parametrize(
    ("name", "viewport", "scheme"),
    [("light", _DESK, "light"), ("dark", _DESK, "dark"), ("phone", _PHONE, "light")],
)
async def test_the_billing_page(
    name: str, viewport: ViewportSize, scheme: str, open_visit: OpenVisit, stack: Stack, folder: Path
) -> None:
    held_call(stack).announce_and_wait()
    visit = await open_visit(viewport=viewport, color_scheme=scheme)
    billing = BillingPage(visit.page)
    await visit.go("/billing")
    await billing.is_live()
    await expect(billing.rows.get_by_text("estimated").first).to_be_visible()
    await visit.page.screenshot(path=folder / f"billing-{name}.png")
    _is_small(folder / f"billing-{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_of_a_call(scheme: str, open_visit: OpenVisit, stack: Stack, folder: Path) -> None:
    held = held_call(stack, "dialer")
    held.announce_and_wait()
    held.bill()
    visit = await open_visit(viewport=_DESK, color_scheme=scheme)
    call = RecordPage(visit.page)
    await visit.go(f"/billing/calls/{held.leg_ids[0]}")
    await expect(call.head).to_contain_text("nothing is missing", timeout=SOON_MS)
    await visit.page.screenshot(path=folder / f"call-{scheme}.png")
    _is_small(folder / f"call-{scheme}.png")


@pytest.mark.parametrize(("name", "height"), [("audit", 1000), ("statement", 1680)])
async def test_the_pages_of_the_proof(
    name: str, height: int, open_visit: OpenVisit, stack: Stack, folder: Path
) -> None:
    await remember_balances(stack, 8)
    visit = await open_visit(viewport={"width": _DESK["width"], "height": height}, color_scheme="light")
    await visit.go(f"/billing/{name}?days=7")
    await expect(visit.page.get_by_role("main").get_by_role("table").first).to_be_visible()
    await visit.page.screenshot(path=folder / f"{name}-light.png")
    _is_small(folder / f"{name}-light.png")


def _is_small(picture: Path) -> None:
    assert 10_000 < picture.stat().st_size < _LARGEST_BYTES
