"""The page, and the headers of every answer."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from services.common.errors import TelnyxUnreachable, Unavailable
from services.common.wire import to_timestamp
from tests.support.book_messages import charge, coin, totals, usd
from tests.support.edge import EdgeUnderTest
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2


class Page(HTMLParser):
    """Texts by the class of the element that holds them, and every tag with its attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(source)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    def with_class(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.tags if name in (attributes.get("class") or "").split()]


async def page_of(edge: EdgeUnderTest) -> Page:
    response = await edge.client.get("/billing")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


async def test_four_cards_and_the_latest_records(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(
        balance=usd(31_270_000_000), available_credit=usd(41_270_000_000)
    )
    edge.fakes.ledger.summary = ledger_pb2.SummarizeResponse(
        totals=[totals("USD", 123_456_789), totals("EUR")]
    )
    edge.fakes.ledger.charges = [
        charge(1, cost=usd(15_166_600), duration_seconds=125),
        charge(
            2, status=book_pb2.CHARGE_STATUS_ESTIMATED, kind=book_pb2.RECORD_KIND_SMS, direction="inbound"
        ),
    ]
    page = await page_of(edge)
    assert len(page.with_class("card")) == 4
    for text in (
        "Account balance $31.2700 $41.2700 available credit",
        "Total cost $1.2346 last 30 days",
        "SMS cost $0.2469 last 30 days",
        "Call cost $0.8642 last 30 days",
        "12 records; $0.4938 of the total is still estimated. Besides that 0.0000 EUR .",
        "Call out +12025550100 +12025550131 2:05 $0.0152 exact detail records",
        "SMS in",
    ):
        assert text in page.text
    assert [figure["title"] for figure in page.with_class("good")] == ["31.27 USD"]
    assert "0.0151666 USD" in [amount["title"] for amount in page.with_class("amount")]
    assert (
        len(page.with_class("badge"))
        == len(page.with_class("exact")) + len(page.with_class("estimated"))
        == 2
    )


@pytest.mark.parametrize("nanos", [0, -1])
async def test_a_balance_that_is_not_positive_is_not_green(edge: EdgeUnderTest, nanos: int) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=usd(nanos))
    page = await page_of(edge)
    assert page.with_class("bad")
    assert not page.with_class("good")


async def test_an_empty_book_says_what_to_expect(edge: EdgeUnderTest) -> None:
    page = await page_of(edge)
    assert "No calls or messages yet." in page.text
    assert "Total cost $0.0000" in page.text
    assert "0 records" in page.text


async def test_without_telnyx_the_costs_still_stand(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.errors["GetBalance"] = TelnyxUnreachable("Telnyx does not answer")
    edge.fakes.ledger.charges = [charge(1)]
    page = await page_of(edge)
    assert "Telnyx's balance could not be read: Telnyx does not answer" in page.text
    assert "Total cost $0.0000" in page.text
    assert page.with_class("badge")


async def test_without_the_ledger_the_balance_still_stands(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors |= {
        "Summarize": Unavailable("the ledger is away"),
        "ListCharges": Unavailable("away"),
    }
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=usd(10**9))
    page = await page_of(edge)
    assert page.text.count("The book could not be read: the ledger is away") == 3
    assert "The records could not be read: away" in page.text
    assert "$1.0000" in page.text


async def test_text_from_outside_stays_text(edge: EdgeUnderTest) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=y>"
    edge.fakes.ledger.charges = [
        charge(1, contact=attack, description=attack, source=attack, phone_number=attack)
    ]
    page = await page_of(edge)
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert "script" not in {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


async def test_the_page_keeps_its_own_content_policy(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/billing")
    assert (
        "default-src 'none'; script-src 'self'; style-src 'self'"
        in response.headers["content-security-policy"]
    )
    assert not re.search(r"style=|<style|<script|javascript:|https?://", response.text)
    for tag, attributes in Page(response.text).tags:
        if tag == "link":
            assert (await edge.client.get(str(attributes["href"]))).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/billing",
        "/api/billing/balance",
        "/nothing",
        "/healthz",
        "/api/telnyx/webhooks/calls",
        "/static/nothing.css",
    ],
)
async def test_every_answer_has_the_security_headers(edge: EdgeUnderTest, path: str) -> None:
    headers = (await edge.client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


async def test_the_root_leads_to_the_page(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/billing")


async def test_a_balance_in_another_currency_is_named(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=coin("EUR", 10**9))
    edge.fakes.ledger.charges = [charge(1, time=to_timestamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))]
    page = await page_of(edge)
    assert "1.0000 EUR" in page.text
    assert "2026-01-02 03:04:05" in page.text
