"""`GET /api/billing/balance/history`: the balance over time, and how long it will last."""

from datetime import datetime

import pytest

from services.common.errors import Unavailable
from services.common.wire import from_timestamp
from tests.support.edge import EdgeUnderTest
from tests.support.proof_messages import history
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import balance_pb2

URL = "/api/billing/balance/history"


async def test_the_history(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.history = history(5_000_000_001, -1_000_000_000)
    response = await edge.client.get(f"{URL}?from=2026-11-22&to=2026-11-22")
    assert response.text == (
        '{"from":"2026-11-22T00:00:00Z","to":"2026-11-23T00:00:00Z","snapshots":['
        '{"balance":5.000000001,"pending":0,"creditLimit":5,"availableCredit":10.000000001,"currency":"USD",'
        '"readAt":"2026-11-22T11:00:00Z"},'
        '{"balance":-1,"pending":0,"creditLimit":5,"availableCredit":4,"currency":"USD",'
        '"readAt":"2026-11-22T12:00:00Z"}],'
        '"burnRate":{"perDay":2.5,"currency":"USD","observedDays":7,"daysLeft":4.1}}'
    )


async def test_a_balance_that_does_not_shrink_has_no_end(edge: EdgeUnderTest) -> None:
    told = history(1)
    told.burn_rate.ClearField("time_left")
    edge.fakes.balances.history = told
    assert (await edge.client.get(URL)).json()["burnRate"]["daysLeft"] is None


async def test_less_than_a_day_tells_no_rate(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.history = history(1, burn_rate=None)
    content = (await edge.client.get(URL)).json()
    assert content["burnRate"] is None
    assert len(content["snapshots"]) == 1


@pytest.mark.parametrize(("query", "most"), [("", 500), ("&limit=2", 2), ("&limit=5000", 5000)])
async def test_what_is_asked_for(edge: EdgeUnderTest, query: str, most: int) -> None:
    await edge.client.get(f"{URL}?days=7{query}")
    [request] = edge.fakes.balances.requests["ListBalances"]
    assert isinstance(request, balance_pb2.ListBalancesRequest)
    assert request.max_points == most
    assert from_timestamp(request.from_time) == datetime.fromisoformat("2026-11-15T00:00:00Z")
    assert from_timestamp(request.to_time) == datetime.fromisoformat("2026-11-22T12:00:00Z")


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [("limit=5001", 422, "limit"), ("limit=all", 400, "limit"), ("to=x", 400, "to")],
)
async def test_a_bad_query_names_the_parameter(
    edge: EdgeUnderTest, query: str, status: int, field: str
) -> None:
    assert_problem(await edge.client.get(f"{URL}?{query}"), status, field, field)


async def test_while_the_ledger_is_away(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.errors["ListBalances"] = Unavailable("the ledger is starting")
    assert_problem(await edge.client.get(URL), 503, "starting")
