"""`GET /api/billing/records?export=true`: all records of a filter as CSV, as the ledger makes it."""

from services.common.errors import InvalidInput, Unavailable
from tests.support.edge import EdgeUnderTest
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import ledger_pb2

EXPORT = "/api/billing/records?export=true"
LINES = [b"id,contact\r\n", "v3:1,Grüße\r\n".encode() * 2500, b'v3:2,"two\r\nlines"\r\n']


async def test_an_export_passes_on_what_the_ledger_says(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.exported = [*LINES]
    response = await edge.client.get(f"{EXPORT}&limit=1")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert (
        response.headers["content-disposition"]
        == 'attachment; filename="tollbook-records-2026-10-23-to-2026-11-22.csv"'
    )
    assert response.content == b"".join(LINES)


async def test_an_export_that_cannot_begin_says_why(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors["ExportCharges"] = Unavailable("the ledger is starting")
    assert_problem(await edge.client.get(EXPORT), 503, "starting")
    edge.fakes.ledger.errors["ExportCharges"] = InvalidInput("too many to look through", "text")
    assert_problem(await edge.client.get(EXPORT), 400, "too many", "text")


async def test_an_export_is_of_one_filter_and_order(edge: EdgeUnderTest) -> None:
    query = "recordType=call&direction=outbound&text=sales&from=2026-11-01&to=2026-11-30&sort=-duration"
    response = await edge.client.get(f"/api/billing/records?{query}&export=1")
    assert (
        'filename="tollbook-records-2026-11-01-to-2026-11-30.csv"' in response.headers["content-disposition"]
    )
    [asked] = edge.fakes.ledger.requests["ExportCharges"]
    assert isinstance(asked, ledger_pb2.ExportChargesRequest)
    assert (asked.filter.text, asked.filter.direction) == ("sales", "outbound")
    assert asked.order == ledger_pb2.CHARGE_ORDER_LONGEST
    assert list(edge.fakes.ledger.requests) == ["ExportCharges"]


async def test_head_of_an_export_reads_nothing(edge: EdgeUnderTest) -> None:
    response = await edge.client.head(EXPORT)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert edge.fakes.ledger.requests == {}


async def test_an_export_with_a_bad_filter_is_refused(edge: EdgeUnderTest) -> None:
    response = await edge.client.get(f"{EXPORT}&status=paid")
    assert_problem(response, 400, "status must be one of", "status")
