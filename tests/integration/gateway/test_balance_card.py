"""The card of the balance: what the book knows of it, how it moves, how long it lasts, and where to read on."""

from datetime import datetime, timedelta

import pytest

from services.common.errors import TelnyxUnreachable, Unavailable
from services.common.wire import from_timestamp
from tests.support.book_messages import NOON, coin, usd
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page
from tests.support.proof_messages import snapshot, trend
from tollbook.ledger.v1 import balance_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2

_NINE = "Account balance Statement $9.0000 $14.0000 available credit as of 11:59:48 , 12 s ago"


async def card(edge: EdgeUnderTest, query: str = "") -> str:
    response = await edge.client.get(f"/billing{query}")
    assert response.status_code == 200
    return Page(response.text).with_class("card")[0].text


@pytest.fixture(autouse=True)
def known_balance(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(
        balance=usd(8_000_000_000), available_credit=usd(8_000_000_000)
    )


async def test_change_rate_and_time_left(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.trend = trend(9_000_000_000, 10_000_000_000)
    assert await card(edge) == (f"{_NINE} ▼ down by $1.0000 , that is 10.0 % lasts 4 days at $2.5000 a day")
    [request] = edge.fakes.balances.requests["GetBalanceTrend"]
    assert isinstance(request, balance_pb2.GetBalanceTrendRequest)
    # As long before as from the beginning of the range to now.
    assert from_timestamp(request.to_time) == datetime.fromisoformat("2026-10-23T00:00:00Z")
    assert from_timestamp(request.from_time) == datetime.fromisoformat("2026-09-22T12:00:00Z")


async def test_what_the_book_knows_takes_no_question_to_telnyx(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.trend = trend(
        0, latest=snapshot(7_000_000_000, NOON - timedelta(hours=3)), burn_rate=None
    )
    text = await card(edge)
    assert text == "Account balance Statement $7.0000 $12.0000 available credit as of 09:00:00 , 3 h ago"
    assert "GetBalance" not in edge.fakes.telnyx.requests


async def test_where_the_book_knows_no_balance_telnyx_is_asked(edge: EdgeUnderTest) -> None:
    assert await card(edge) == "Account balance Statement $8.0000 $8.0000 available credit"
    (request,) = edge.fakes.telnyx.requests["GetBalance"]
    assert isinstance(request, telnyx_gateway_pb2.GetBalanceRequest)
    assert request.max_age.seconds == 30


async def test_where_nobody_knows_it_the_card_says_why(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.errors["GetBalance"] = TelnyxUnreachable("Telnyx does not answer")
    assert "Telnyx's balance could not be read: Telnyx does not answer" in await card(edge)


async def test_a_balance_that_grows_has_no_end(edge: EdgeUnderTest) -> None:
    told = trend(9_000_000_000, 1_000_000_000)
    told.burn_rate.per_day.CopyFrom(usd(-500_000_000))
    told.burn_rate.ClearField("time_left")
    edge.fakes.balances.trend = told
    text = await card(edge)
    assert "up by $8.0000" in text
    assert text.endswith("-$0.5000 a day")


async def test_a_range_that_is_over_says_nothing_of_a_change_until_now(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.trend = trend(9_000_000_000, 10_000_000_000)
    text = await card(edge, "?from=2026-11-01&to=2026-11-10")
    assert "▼" not in text
    assert "lasts 4 days" in text


async def test_amounts_of_two_currencies_are_not_compared(edge: EdgeUnderTest) -> None:
    told = trend(9_000_000_000, 10_000_000_000, burn_rate=None)
    told.before.balance.CopyFrom(coin("EUR", 1))
    edge.fakes.balances.trend = told
    assert await card(edge) == _NINE


async def test_without_a_balance_of_then_there_is_no_change(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.trend = trend(9_000_000_000)
    assert await card(edge) == f"{_NINE} lasts 4 days at $2.5000 a day"


async def test_what_cannot_be_read_is_told(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.errors["GetBalanceTrend"] = Unavailable("the ledger is starting")
    text = await card(edge)
    assert "$8.0000" in text
    assert "Where it is going could not be read: the ledger is starting" in text


async def test_the_cards_lead_on_with_the_same_range(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/billing?from=2026-11-01&text=a&zone=Asia/Tokyo")
    page = Page(response.text)
    assert page["to-statement"]["href"] == "/billing/statement?from=2026-11-01&zone=Asia/Tokyo"
    links = [(tag.text, tag["href"]) for tag in page.named("a")]
    assert ("Audit", "/billing/audit") in links
    assert ("Statement", "/billing/statement") in links


async def test_a_range_of_all_time_has_no_period_before(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.trend = trend(9_000_000_000)
    assert await card(edge, "?to=2026-11-20") == f"{_NINE} lasts 4 days at $2.5000 a day"
    [request] = edge.fakes.balances.requests["GetBalanceTrend"]
    assert request == balance_pb2.GetBalanceTrendRequest()
