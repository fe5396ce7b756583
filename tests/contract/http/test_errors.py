"""Errors: mapped once, to problem documents that also carry `error`."""

from datetime import datetime

import pytest

from services.common.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)
from tests.support.edge import EdgeUnderTest
from tests.support.rest_contract import assert_problem

FETCH = "/api/billing/fetch-call-cost"


@pytest.mark.parametrize(
    ("error", "path", "status"),
    [
        (InvalidInput("the page is none of ours", "page_token"), "records", 400),
        (NotFound("nothing there", "id"), "calls/v3:abc", 404),
        (TollbookError("broken in an unforeseen way"), "records", 500),
        (Conflict("another writer was faster"), "records", 503),
        (Unavailable("not ready"), "records", 503),
        (QuotaExhausted("Telnyx's quota is used up", retry_after_s=12.2), "balance", 503),
        (TelnyxUnreachable("Telnyx does not answer"), "balance", 502),
        (TelnyxRefused("Telnyx refused the API key"), "balance", 502),
    ],
)
async def test_errors_are_mapped_once(
    edge: EdgeUnderTest, error: TollbookError, path: str, status: int
) -> None:
    edge.fakes.ledger.errors |= {"ListCharges": error, "GetCall": error}
    edge.fakes.telnyx.errors["GetBalance"] = error
    response = await edge.client.get(f"/api/billing/{path}")
    shown = "a service of Tollbook failed" if status == 500 else error.detail
    assert_problem(response, status, shown, "cursor" if status == 400 else None)
    expected = {503: "13" if error.retry_after_s else "1"}.get(status)
    assert response.headers.get("retry-after") == expected


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("page_token", "cursor"),
        ("page_size", "limit"),
        ("from_time", "from"),
        ("to_time", "to"),
        ("order", "sort"),
        ("phone_number", "phoneNumber"),
        ("text", "text"),
    ],
)
async def test_what_the_ledger_refuses_has_the_name_that_the_client_knows(
    edge: EdgeUnderTest, field: str, told: str
) -> None:
    edge.fakes.ledger.errors["ListCharges"] = InvalidInput("no", field)
    assert_problem(await edge.client.get("/api/billing/records"), 400, "no", told)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/api/billing/records/", 404),
        ("POST", "/api/billing/balance", 405),
        ("GET", FETCH, 405),
        ("DELETE", "/api/cron/process-call-costs", 405),
        ("BREW", "/api/billing/records", 405),
        ("TRACE", "/healthz", 405),
        ("GET", "/static/../settings.py", 404),
        ("GET", "/static/missing.css", 404),
    ],
)
async def test_what_there_is_not_is_a_problem_too(
    edge: EdgeUnderTest, method: str, path: str, status: int
) -> None:
    assert_problem(await edge.client.request(method, path), status, "")


async def test_a_fault_in_the_edge_itself_is_told_without_details(
    edge: EdgeUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> datetime:
        raise RuntimeError("secret inner state")

    monkeypatch.setattr(edge.clock, "now", broken)
    response = await edge.client.get("/api/billing/records")
    assert_problem(response, 500, "internal error")
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
