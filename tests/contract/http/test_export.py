"""`GET /api/billing/records?export=true`: all records of a filter as CSV."""

from services.common.errors import Unavailable
from tests.support.book_messages import charge
from tests.support.edge import EdgeUnderTest
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import ledger_pb2


async def test_an_export_holds_everything_whatever_the_limit(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(number) for number in range(2500)]
    response = await edge.client.get("/api/billing/records?export=true&limit=1")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert (
        response.headers["content-disposition"]
        == 'attachment; filename="tollbook-records-2026-10-23-to-2026-11-22.csv"'
    )
    head, *lines = response.text.splitlines()
    assert (
        head == "id,recordType,phoneNumber,contact,timestamp,duration,cost,currency,status,source,description"
    )
    assert len(lines) == 2500
    assert lines[2499] == (
        "v3:2499,call_outbound,+12025550100,+12025550131,2026-11-22T12:00:00Z,60,0.015,USD,exact,"
        "detail_records_api,Call to +12025550131 (60s)"
    )
    assert len(edge.fakes.ledger.requests["ListCharges"]) == 3


async def test_an_export_that_cannot_begin_says_why(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors["ListCharges"] = Unavailable("the ledger is starting")
    assert_problem(await edge.client.get("/api/billing/records?export=true"), 503, "starting")


async def test_every_page_of_an_export_has_its_filter_and_order(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(number) for number in range(1500)]
    query = "recordType=call&direction=outbound&text=sales&from=2026-11-01&to=2026-11-30&sort=-duration"
    response = await edge.client.get(f"/api/billing/records?{query}&export=1")
    assert (
        'filename="tollbook-records-2026-11-01-to-2026-11-30.csv"' in response.headers["content-disposition"]
    )
    first, second = edge.fakes.ledger.requests["ListCharges"]
    assert isinstance(first, ledger_pb2.ListChargesRequest)
    assert isinstance(second, ledger_pb2.ListChargesRequest)
    assert first.filter == second.filter
    assert (first.filter.text, first.filter.direction) == ("sales", "outbound")
    assert first.order == second.order == ledger_pb2.CHARGE_ORDER_LONGEST
    assert (first.page_token, second.page_token) == ("", "1000")
    assert "Summarize" not in edge.fakes.ledger.requests


async def test_an_export_of_nothing_is_a_header(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/api/billing/records?export=true")
    assert response.text.count("\r\n") == 1


async def test_head_of_an_export_reads_nothing(edge: EdgeUnderTest) -> None:
    response = await edge.client.head("/api/billing/records?export=true")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert edge.fakes.ledger.requests == {}


async def test_an_export_with_a_bad_filter_is_refused(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/api/billing/records?export=true&status=paid")
    assert_problem(response, 400, "status must be one of", "status")
