"""`POST /api/billing/fetch-call-cost`: exact, not yet, unknown, and bodies that say nothing."""

from decimal import Decimal

import pytest

from services.common.errors import NotFound, QuotaExhausted, TelnyxRefused, TelnyxUnreachable, TollbookError
from tests.support.book_messages import usd
from tests.support.edge import EdgeUnderTest, exact_json
from tests.support.rest_contract import assert_problem
from tollbook.reconciler.v1 import reconciler_pb2

FETCH = "/api/billing/fetch-call-cost"


async def test_fetch_call_cost_that_is_exact(edge: EdgeUnderTest, capsys: pytest.CaptureFixture[str]) -> None:
    edge.fakes.reconciler.fetched = reconciler_pb2.FetchCallCostResponse(
        call_id="v3:abc", settled=True, cost=usd(27_200_000)
    )
    response = await edge.client.post(FETCH, json={"callControlId": " leg-1 "})
    assert response.status_code == 200
    content = exact_json(response)
    assert content == {
        "success": True,
        "callId": "v3:abc",
        "cost": Decimal("0.0272"),
        "message": content["message"],
    }
    assert content["message"]
    [request] = edge.fakes.reconciler.requests["FetchCallCost"]
    assert request == reconciler_pb2.FetchCallCostRequest(call_id="leg-1")
    assert "[FETCH CALL COST]" in capsys.readouterr().out


async def test_fetch_call_cost_that_is_not_there_yet(edge: EdgeUnderTest) -> None:
    edge.fakes.reconciler.fetched = reconciler_pb2.FetchCallCostResponse(
        call_id="v3:abc", message="call-control has not come yet", should_retry=True
    )
    response = await edge.client.post(FETCH, json={"callControlId": "v3:abc"})
    assert response.status_code == 202
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "success": False,
        "callId": "v3:abc",
        "error": "call-control has not come yet",
        "shouldRetry": True,
    }


async def test_fetch_call_cost_of_a_call_that_nobody_knows(edge: EdgeUnderTest) -> None:
    edge.fakes.reconciler.errors["FetchCallCost"] = NotFound(
        "neither Tollbook nor Telnyx knows this call", "call_id"
    )
    response = await edge.client.post(FETCH, json={"callControlId": "v3:unknown"})
    assert_problem(response, 404, "neither Tollbook nor Telnyx")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"callControlId": ""}', b'{"callControlId": null}', b'{"callControlId": " "}']
)
async def test_fetch_call_cost_without_an_id(edge: EdgeUnderTest, body: bytes) -> None:
    response = await edge.client.post(FETCH, content=body)
    assert_problem(response, 400, "Missing callControlId", "callControlId")
    assert response.json()["error"] == "Missing callControlId"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b" ", None),
        (b"not json", None),
        (b"[]", None),
        (b'"v3:abc"', None),
        (b"\xff", None),
        (b"[" * 60_000, None),
        (b'{"callControlId": 7}', "callControlId"),
        (b'{"callControlId": ["v3:abc"]}', "callControlId"),
        (b'{"callControlId": "a\\u0000b"}', "callControlId"),
        (b'{"callControlId": "' + b"x" * 256 + b'"}', "callControlId"),
    ],
)
async def test_fetch_call_cost_with_nonsense(edge: EdgeUnderTest, body: bytes, field: str | None) -> None:
    assert_problem(await edge.client.post(FETCH, content=body), 400, "", field)
    assert edge.fakes.reconciler.requests == {}


async def test_a_rest_body_has_64_kib_at_most(edge: EdgeUnderTest) -> None:
    response = await edge.client.post(FETCH, content=b" " * 65_537)
    assert_problem(response, 413, "65536 bytes")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TelnyxUnreachable("Telnyx does not answer"), 502),
        (TelnyxRefused("Telnyx refused the API key"), 502),
        (QuotaExhausted("Telnyx's quota is used up", retry_after_s=12.2), 503),
    ],
)
async def test_fetch_call_cost_while_telnyx_does_not_tell(
    edge: EdgeUnderTest, error: TollbookError, status: int
) -> None:
    edge.fakes.reconciler.errors["FetchCallCost"] = error
    assert_problem(await edge.client.post(FETCH, json={"callControlId": "v3:abc"}), status, error.detail)


async def test_the_content_type_is_not_asked_for(edge: EdgeUnderTest) -> None:
    """`curl -d` without a header calls every body a form."""
    edge.fakes.reconciler.fetched = reconciler_pb2.FetchCallCostResponse(settled=True)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = await edge.client.post(FETCH, content=b'{"callControlId": "v3:abc"}', headers=headers)
    assert (response.status_code, response.json()["callId"]) == (200, "v3:abc")
