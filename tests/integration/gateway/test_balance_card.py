"""The card of the balance: how it has moved since the period before, how long it lasts, and where to read on."""

from datetime import datetime

import pytest

from services.common.errors import Unavailable
from services.common.wire import from_timestamp
from tests.support.book_messages import coin, usd
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page
from tests.support.proof_messages import history
from tollbook.ledger.v1 import balance_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2


async def card(edge: EdgeUnderTest, query: str = "") -> str:
    response = await edge.client.get(f"/billing{query}")
    assert response.status_code == 200
    return Page(response.text).with_class("card")[0].text


@pytest.fixture(autouse=True)
def known_balance(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(
        balance=usd(9_000_000_000), available_credit=usd(9_000_000_000)
    )


async def test_change_rate_and_time_left(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.history = history(11_000_000_000, 10_000_000_000)
    assert await card(edge) == (
        "Account balance Statement $9.0000 $9.0000 available credit ▼ down by $1.0000 , that is 10.0 % "
        "lasts 4 days at $2.5000 a day"
    )
    [request] = edge.fakes.balances.requests["ListBalances"]
    assert isinstance(request, balance_pb2.ListBalancesRequest)
    # As long before as from the beginning of the range to now.
    assert from_timestamp(request.to_time) == datetime.fromisoformat("2026-10-23T00:00:00Z")
    assert from_timestamp(request.from_time) == datetime.fromisoformat("2026-09-22T12:00:00Z")
    assert request.max_points == 2


async def test_a_balance_that_grows_has_no_end(edge: EdgeUnderTest) -> None:
    told = history(1_000_000_000)
    told.burn_rate.per_day.CopyFrom(usd(-500_000_000))
    told.burn_rate.ClearField("time_left")
    edge.fakes.balances.history = told
    text = await card(edge)
    assert "up by $8.0000" in text
    assert text.endswith("-$0.5000 a day")


async def test_a_range_that_is_over_says_nothing_of_a_change_until_now(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.history = history(10_000_000_000)
    text = await card(edge, "?from=2026-11-01&to=2026-11-10")
    assert "▼" not in text
    assert "lasts 4 days" in text


async def test_amounts_of_two_currencies_are_not_compared(edge: EdgeUnderTest) -> None:
    told = history(10_000_000_000, burn_rate=None)
    told.snapshots[0].balance.CopyFrom(coin("EUR", 1))
    edge.fakes.balances.history = told
    assert "▲" not in await card(edge)


async def test_before_anything_is_known_nothing_is_said(edge: EdgeUnderTest) -> None:
    assert await card(edge) == "Account balance Statement $9.0000 $9.0000 available credit"


async def test_what_cannot_be_read_is_told(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.errors["ListBalances"] = Unavailable("the ledger is starting")
    assert "Where it is going could not be read: the ledger is starting" in await card(edge)


async def test_the_cards_lead_on_with_the_same_range(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/billing?from=2026-11-01&text=a&zone=Asia/Tokyo")
    page = Page(response.text)
    assert page["to-statement"]["href"] == "/billing/statement?from=2026-11-01&zone=Asia/Tokyo"
    links = [(tag.text, tag["href"]) for tag in page.named("a")]
    assert ("Audit", "/billing/audit") in links
    assert ("Statement", "/billing/statement") in links


async def test_a_range_of_all_time_has_no_period_before(edge: EdgeUnderTest) -> None:
    await card(edge, "?to=2026-11-20")
    assert "ListBalances" not in edge.fakes.balances.requests
