"""`GET /api/billing/balance`: shape, exact numbers, and what is said when Telnyx does not tell."""

from decimal import Decimal

import pytest

from services.common.errors import QuotaExhausted, TelnyxRefused, TelnyxUnreachable, TollbookError
from tests.support.book_messages import coin, usd
from tests.support.edge import EdgeUnderTest, exact_json
from tests.support.rest_contract import assert_problem
from tollbook.telnyx.v1 import telnyx_gateway_pb2


async def test_balance(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(
        balance=usd(31_270_000_000), pending=usd(0), credit_limit=usd(0), available_credit=usd(31_270_000_000)
    )
    response = await edge.client.get("/api/billing/balance")
    assert response.status_code == 200
    assert response.text == (
        '{"balance":31.27,"pending":0,"creditLimit":0,"availableCredit":31.27,"currency":"USD"}'
    )


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (1, "0.000000001"),
        (-1, "-0.000000001"),
        (9_223_372_036_854_775_807, "9223372036.854775807"),
        (100_000_000_000, "100"),
        (-1_500_000_000, "-1.5"),
        (300_000_000, "0.3"),
    ],
)
async def test_amounts_are_plain_and_exact_to_the_nano(edge: EdgeUnderTest, nanos: int, text: str) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=usd(nanos))
    response = await edge.client.get("/api/billing/balance")
    assert f'"balance":{text},' in response.text
    assert Decimal(str(exact_json(response)["balance"])) * 10**9 == nanos


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TelnyxUnreachable("Telnyx does not answer"), 502),
        (TelnyxRefused("Telnyx refused the API key"), 502),
        (QuotaExhausted("Telnyx's quota is used up", retry_after_s=12.2), 503),
    ],
)
async def test_a_balance_that_telnyx_does_not_tell(
    edge: EdgeUnderTest, error: TollbookError, status: int
) -> None:
    edge.fakes.telnyx.errors["GetBalance"] = error
    assert_problem(await edge.client.get("/api/billing/balance"), status, error.detail)


async def test_a_balance_of_another_currency(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=coin("EUR", -(10**9)))
    content = (await edge.client.get("/api/billing/balance")).json()
    assert (content["balance"], content["currency"]) == (-1, "EUR")
