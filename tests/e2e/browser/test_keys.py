"""With API_KEYS a browser asks for one as a password: the page follows the book with it, and its scopes hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, HttpCredentials, expect

from tests.support.accessibility import accessibility_violations
from tests.support.billing_page import BillingPage
from tests.support.ports import free_port
from tests.support.processes import start_process
from tests.support.record_page import RecordPage
from tests.support.sandbox_calls import held_call
from tests.support.stack import Stack
from tests.support.visits import SOON_MS, visit_to

_READER: HttpCredentials = {"username": "anyone", "password": "a-key-that-may-only-read"}
_OPERATOR: HttpCredentials = {"username": "anyone", "password": "a-key-that-may-fetch-too"}
_STRANGER: HttpCredentials = {"username": "anyone", "password": "a-key-of-somewhere-else"}
_API_KEYS = f"reader:read:{_READER['password']},operator:read+reconcile:{_OPERATOR['password']}"


@pytest.fixture
def locked_edge(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """A second edge in front of the same book, with keys; its URL."""
    port, admin = free_port(), f"127.0.0.1:{free_port()}"
    own = {"GATEWAY_PORT": str(port), "GATEWAY_ADMIN_LISTEN": admin, "API_KEYS": _API_KEYS}
    edge = start_process("locked-edge", ["-m", "gateway"], tmp_path, {**stack.tollbook.environment, **own})
    try:
        edge.wait_until_ready(f"http://{admin}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        edge.kill()


async def test_with_a_key_that_is_none(browser: Browser, locked_edge: str) -> None:
    async with visit_to(browser, locked_edge, http_credentials=_STRANGER) as visit:
        visit.expected_statuses.add(401)
        await visit.go("/billing")
        await expect(visit.page.get_by_role("alert")).to_contain_text("API_KEYS")
        await expect(visit.page.get_by_text("$")).to_have_count(0)
        assert await accessibility_violations(visit.page) == []


async def test_with_a_key_to_read(browser: Browser, locked_edge: str, stack: Stack) -> None:
    call = held_call(stack)
    async with visit_to(browser, locked_edge, http_credentials=_READER) as visit:
        billing = BillingPage(visit.page)
        await visit.go(f"/billing?text={call.session_id}")
        await billing.is_live()
        call.announce()
        await expect(billing.rows).to_have_count(1, timeout=SOON_MS)
        await billing.rows.get_by_role("link").click()
        page = RecordPage(visit.page)
        await expect(page.head).to_contain_text("needs a key with the scope reconcile")
        await expect(page.fetch_button).to_have_count(0)
    call.bill()


async def test_with_a_key_to_fetch(browser: Browser, locked_edge: str, stack: Stack) -> None:
    held = held_call(stack)
    held.announce_and_wait()
    async with visit_to(browser, locked_edge, http_credentials=_OPERATOR) as visit:
        call = RecordPage(visit.page)
        await visit.go(f"/billing/calls/{held.leg_ids[0]}")
        held.bill()
        await call.fetch_button.click()
        await expect(call.head).to_contain_text("Telnyx was asked", timeout=SOON_MS)
