"""Script, formula and SQL in every text of webhooks, detail records and addresses: shown as text, and nothing else."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from playwright.async_api import Browser, expect

from tests.support.billing_page import BillingPage
from tests.support.hostile_texts import HOSTILE_TEXTS, hostile_records, hostile_webhooks
from tests.support.inertness import live_contents
from tests.support.stack import Stack, running_stack
from tests.support.visits import SOON_MS, Visit, visit_to

pytestmark = pytest.mark.timeout(150)

_RECORDS_PER_TEXT = 4
"""The call, both messages, and the other charge."""


async def test_hostile_texts_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    with running_stack(tmp_path, environment={"SWEEP_INTERVAL_SECONDS": "1"}) as stack:
        _take_in(stack)
        async with visit_to(browser, stack.tollbook.edge_url) as visit:
            await _walk_the_records(visit)
            await _walk_what_is_proven(visit)
            await _walk_hostile_addresses(visit)
            await _read_the_csv(visit, tmp_path)
        assert stack.get("/api/billing/records")["summary"]["count"] == len(HOSTILE_TEXTS) * _RECORDS_PER_TEXT


def _take_in(stack: Stack) -> None:
    now = datetime.now(UTC)
    for text in HOSTILE_TEXTS.values():
        for product, body in hostile_webhooks(text, now):
            stack.sandbox.client.send(product, body)
        for record_type, fields in hostile_records(text, now):
            stack.sandbox.client.inject(record_type, fields)


async def _walk_the_records(visit: Visit) -> None:
    billing = BillingPage(visit.page)
    await visit.go("/billing")
    await expect(billing.rows).to_have_count(len(HOSTILE_TEXTS) * _RECORDS_PER_TEXT, timeout=SOON_MS)
    shown = {text for row in await billing.read_rows() for text in row.values()}
    assert set(HOSTILE_TEXTS.values()) <= shown
    assert await live_contents(visit.page) == []
    links = [await link.get_attribute("href") for link in await billing.rows.get_by_role("link").all()]
    for link in links:
        answer = await visit.go(str(link))
        assert answer.ok
        for unfold in await visit.page.get_by_role("group").all():
            await unfold.evaluate("group => { group.open = true }")
        assert await live_contents(visit.page) == [], link
        told = await visit.page.get_by_role("main").inner_text()
        assert any(text in told for text in HOSTILE_TEXTS.values()), link


async def _walk_what_is_proven(visit: Visit) -> None:
    """The records cannot be read, or are of no day, so the audit has to name them."""
    sessions = [
        f"/billing/sessions/{quote(text, safe='')}%20session/witnesses" for text in HOSTILE_TEXTS.values()
    ]
    for path in ("/billing/audit", "/billing/statement", *sessions):
        answer = await visit.go(path)
        assert answer.ok, path
        for unfold in await visit.page.get_by_role("group").all():
            await unfold.evaluate("group => { group.open = true }")
        assert await live_contents(visit.page) == [], path


async def _walk_hostile_addresses(visit: Visit) -> None:
    visit.expected_statuses.update({400, 404, 422})
    for text in HOSTILE_TEXTS.values():
        paths = [
            *(
                f"/billing?{urlencode({name: text})}"
                for name in ("text", "phoneNumber", "zone", "from", "sort", "cursor")
            ),
            f"/billing/calls/{quote(text, safe='')}?{urlencode({'back': text, 'zone': text, 'outcome': text})}",
            f"/billing/charges/{quote(text, safe='')}/{quote(text, safe='')}",
            f"/billing/sessions/{quote(text, safe='')}/witnesses?{urlencode({'back': text})}",
            *(
                f"/billing/{name}?{urlencode({parameter: text, 'outcome': text, 'asked': text})}"
                for name in ("audit", "statement")
                for parameter in ("from", "to", "zone", "days")
            ),
        ]
        for path in paths:
            answer = await visit.go(path)
            assert answer.status < 500, path
            assert await live_contents(visit.page) == [], path


async def _read_the_csv(visit: Visit, folder: Path) -> None:
    await visit.go("/billing")
    async with visit.page.expect_download() as download:
        await visit.page.get_by_role("link", name="CSV").click()
    path = folder / "hostile.csv"
    await (await download.value).save_as(path)
    with path.open(newline="", encoding="utf-8") as lines:
        cells = [cell for row in csv.reader(lines) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "@", "\t", "\r"))] == []
    assert f"'{HOSTILE_TEXTS['formula']}" in cells
