"""`GET /api/billing/summary`: sums over a filter, whole and in groups."""

from decimal import Decimal

import pytest

from services.common.errors import Unavailable
from tests.support.book_messages import totals
from tests.support.edge import EdgeUnderTest, exact_json
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import ledger_pb2


@pytest.mark.parametrize(
    ("word", "group_by"),
    [
        ("day", ledger_pb2.GROUP_BY_DAY),
        ("number", ledger_pb2.GROUP_BY_NUMBER),
        ("recordType", ledger_pb2.GROUP_BY_RECORD_TYPE),
        ("part", ledger_pb2.GROUP_BY_PART),
    ],
)
async def test_summary_in_groups(edge: EdgeUnderTest, word: str, group_by: int) -> None:
    edge.fakes.ledger.summary = ledger_pb2.SummarizeResponse(
        totals=[totals("USD", 10**8), totals("EUR", 10**9)],
        groups=[ledger_pb2.SummaryGroup(key="2026-11-22", totals=[totals("EUR")])],
    )
    content = exact_json(await edge.client.get(f"/api/billing/summary?groupBy={word}&from=2026-11-22"))
    [request] = edge.fakes.ledger.requests["Summarize"]
    assert isinstance(request, ledger_pb2.SummarizeRequest)
    assert request.group_by == group_by
    assert (content["totals"]["totalCost"], content["totals"]["currency"]) == (1, "USD")
    [other] = content["totals"]["otherCurrencies"]
    assert (other["totalCost"], other["currency"]) == (10, "EUR")
    [group] = content["groups"]
    assert (group["key"], group["totalCost"], group["currency"]) == (
        "2026-11-22",
        Decimal("0.00000001"),
        "EUR",
    )
    assert "otherCurrencies" not in group


async def test_sums_without_groups(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.summary = ledger_pb2.SummarizeResponse(totals=[totals("USD", 10**8)])
    content = exact_json(await edge.client.get("/api/billing/summary?groupBy=none"))
    assert content == {
        "totals": {
            "totalCost": 1,
            "smsCost": Decimal("0.2"),
            "callCost": Decimal("0.7"),
            "otherCost": Decimal("0.1"),
            "estimatedCost": Decimal("0.4"),
            "exactCost": Decimal("0.6"),
            "currency": "USD",
            "count": 12,
        },
        "groups": [],
    }


async def test_sums_of_nothing_are_nothing(edge: EdgeUnderTest) -> None:
    content = (await edge.client.get("/api/billing/summary?groupBy=day")).json()
    assert (content["totals"]["totalCost"], content["totals"]["currency"]) == (0, "USD")
    assert content["groups"] == []


async def test_sums_take_the_filter_of_the_records(edge: EdgeUnderTest) -> None:
    query = "phoneNumber=+12025550100&recordType=call&status=estimated&direction=outbound&text=sales&days=7"
    await edge.client.get(f"/api/billing/summary?{query}&groupBy=number")
    await edge.client.get(f"/api/billing/records?{query}")
    grouped, plain = edge.fakes.ledger.requests["Summarize"]
    assert isinstance(grouped, ledger_pb2.SummarizeRequest)
    assert isinstance(plain, ledger_pb2.SummarizeRequest)
    assert grouped.filter == plain.filter
    assert {field.name for field, _ in grouped.filter.ListFields()} == {
        "phone_number",
        "kind",
        "status",
        "direction",
        "text",
        "from_time",
    }


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("groupBy=month", 400, "groupBy"),
        ("groupBy=recordtype", 400, "groupBy"),
        ("from=2026-11-01&to=2026-10-01", 422, "from"),
        ("from=1", 400, "from"),
        ("days=99999", 422, "days"),
        ("direction=in", 400, "direction"),
        ("recordType=call&recordType=sms", 400, "recordType"),
    ],
)
async def test_a_bad_query_names_the_parameter(
    edge: EdgeUnderTest, query: str, status: int, field: str
) -> None:
    assert_problem(await edge.client.get(f"/api/billing/summary?{query}"), status, field, field)
    assert edge.fakes.ledger.requests == {}


async def test_sums_while_the_ledger_is_down(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors["Summarize"] = Unavailable("the ledger is starting")
    assert_problem(await edge.client.get("/api/billing/summary"), 503, "the ledger is starting")
