"""`GET /api/billing/records`: lines of the bill, a page at a time, with the sums over the whole filter."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.common.errors import InvalidInput, Unavailable
from services.common.wire import to_timestamp
from tests.support.book_messages import charge, coin, totals
from tests.support.edge import EdgeUnderTest, exact_json
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import book_pb2, ledger_pb2


async def test_records(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [
        charge(1),
        charge(2, direction="inbound", status=book_pb2.CHARGE_STATUS_ESTIMATED, source="fallback"),
        charge(3, kind=book_pb2.RECORD_KIND_SMS, direction="inbound", contact="", cost=coin("EUR", -1)),
        charge(4, kind=book_pb2.RECORD_KIND_OTHER, direction="", phone_number="", time=None),
    ]
    edge.fakes.ledger.summary = ledger_pb2.SummarizeResponse(totals=[totals()])
    response = await edge.client.get("/api/billing/records?limit=3")
    content = exact_json(response)
    assert response.status_code == 200
    assert content["records"][0] == {
        "id": "v3:1",
        "recordType": "call_outbound",
        "phoneNumber": "+12025550100",
        "contact": "+12025550131",
        "timestamp": "2026-11-22T12:00:00Z",
        "duration": 60,
        "cost": Decimal("0.015"),
        "currency": "USD",
        "status": "exact",
        "source": "detail_records_api",
        "description": "Call to +12025550131 (60s)",
    }
    assert [record["recordType"] for record in content["records"]] == [
        "call_outbound",
        "call_inbound",
        "sms_inbound",
    ]
    assert content["records"][1]["status"] == "estimated"
    assert content["records"][2]["contact"] is None
    assert content["summary"] == {
        "totalCost": Decimal("0.00000001"),
        "smsCost": Decimal("0.000000002"),
        "callCost": Decimal("0.000000007"),
        "otherCost": Decimal("0.000000001"),
        "estimatedCost": Decimal("0.000000004"),
        "exactCost": Decimal("0.000000006"),
        "currency": "USD",
        "count": 12,
    }
    assert content["nextCursor"] == "3"
    rest = exact_json(await edge.client.get("/api/billing/records?limit=3&cursor=3"))
    assert [(record["recordType"], record["phoneNumber"]) for record in rest["records"]] == [("other", None)]
    assert rest["nextCursor"] is None


async def test_records_ask_for_what_the_query_says_and_sum_over_all_of_it(edge: EdgeUnderTest) -> None:
    await edge.client.get(
        "/api/billing/records?phoneNumber=%2B12025550100&recordType=sms&status=exact&direction=inbound"
        "&text=50%25%20off&from=2026-11-01&to=2026-11-02&sort=-cost&limit=7&cursor=14"
    )
    [listed] = edge.fakes.ledger.requests["ListCharges"]
    [summed] = edge.fakes.ledger.requests["Summarize"]
    wanted = ledger_pb2.ChargeFilter(
        from_time=to_timestamp(datetime(2026, 11, 1, tzinfo=UTC)),
        to_time=to_timestamp(datetime(2026, 11, 3, tzinfo=UTC)),
        phone_number="+12025550100",
        kind=book_pb2.RECORD_KIND_SMS,
        status=book_pb2.CHARGE_STATUS_EXACT,
        direction="inbound",
        text="50% off",
    )
    assert listed == ledger_pb2.ListChargesRequest(
        filter=wanted, page_size=7, page_token="14", order=ledger_pb2.CHARGE_ORDER_DEAREST
    )
    assert summed == ledger_pb2.SummarizeRequest(filter=wanted)


async def test_without_a_query_it_is_the_last_30_days_newest_first(edge: EdgeUnderTest) -> None:
    await edge.client.get("/api/billing/records")
    [listed] = edge.fakes.ledger.requests["ListCharges"]
    assert listed == ledger_pb2.ListChargesRequest(
        filter=ledger_pb2.ChargeFilter(from_time=to_timestamp(datetime(2026, 10, 23, tzinfo=UTC))),
        page_size=50,
        order=ledger_pb2.CHARGE_ORDER_NEWEST,
    )


async def test_what_a_form_leaves_empty_and_what_nobody_knows_is_not_there(edge: EdgeUnderTest) -> None:
    query = "phoneNumber=&recordType=&status=&direction=&text=&days=&from=&to=&sort=&limit=&cursor=&export="
    for url in ("/api/billing/records", f"/api/billing/records?{query}&zone=UTC&utm_source=x&utm_source=y"):
        assert (await edge.client.get(url)).status_code == 200
    first, second = edge.fakes.ledger.requests["ListCharges"]
    assert first == second


async def test_pages_follow_each_other(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(number) for number in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await edge.client.get("/api/billing/records", params={"limit": 2, "cursor": cursor})).json()
        seen += [record["id"] for record in page["records"]]
        cursor = page["nextCursor"]
    assert seen == [f"v3:{number}" for number in range(5)]


async def test_head_tells_what_get_would(edge: EdgeUnderTest) -> None:
    response = await edge.client.head("/api/billing/records")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")


async def test_an_empty_book_costs_nothing(edge: EdgeUnderTest) -> None:
    content = (await edge.client.get("/api/billing/records")).json()
    assert content == {
        "records": [],
        "summary": {
            "totalCost": 0,
            "smsCost": 0,
            "callCost": 0,
            "otherCost": 0,
            "estimatedCost": 0,
            "exactCost": 0,
            "currency": "USD",
            "count": 0,
        },
        "nextCursor": None,
    }


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("limit=0", 422, "limit"),
        ("limit=x", 400, "limit"),
        ("limit=1001", 422, "limit"),
        ("limit=1e2", 400, "limit"),
        ("export=yes", 400, "export"),
        ("days=x", 400, "days"),
        ("days=0", 422, "days"),
        ("days=7&from=2026-11-01", 422, "days"),
        ("from=yesterday", 400, "from"),
        ("from=2026-02-30", 400, "from"),
        ("to=2026-11-01T25:00:00Z", 400, "to"),
        ("to=1000-01-01", 422, "to"),
        ("from=2026-11-02&to=2026-11-01", 422, "from"),
        ("recordType=fax", 400, "recordType"),
        ("status=Exact", 400, "status"),
        ("direction=both", 400, "direction"),
        ("sort=price", 400, "sort"),
        ("sort=cost,duration", 400, "sort"),
        ("text=%00", 400, "text"),
        ("text=" + "x" * 256, 400, "text"),
        ("phoneNumber=a%0D%0Ab", 400, "phoneNumber"),
        ("cursor=" + "x" * 2049, 400, "cursor"),
        ("status=exact&status=estimated", 400, "status"),
    ],
)
async def test_a_bad_query_names_the_parameter(
    edge: EdgeUnderTest, query: str, status: int, field: str
) -> None:
    assert_problem(await edge.client.get(f"/api/billing/records?{query}"), status, field, field)
    assert edge.fakes.ledger.requests == {}


async def test_a_cursor_that_the_ledger_refuses_is_named(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors["ListCharges"] = InvalidInput("this cursor is not one of ours", "page_token")
    response = await edge.client.get("/api/billing/records?cursor=zzz")
    assert_problem(response, 400, "not one of ours", "cursor")


@pytest.mark.parametrize("method", ["ListCharges", "Summarize"])
async def test_records_while_the_ledger_is_down(edge: EdgeUnderTest, method: str) -> None:
    edge.fakes.ledger.errors[method] = Unavailable("the ledger is starting")
    assert_problem(await edge.client.get("/api/billing/records"), 503, "the ledger is starting")
