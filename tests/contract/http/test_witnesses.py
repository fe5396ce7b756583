"""`GET /api/billing/sessions/{id}/witnesses`: what each witness says, and when Telnyx is asked."""

import pytest

from services.common.errors import QuotaExhausted
from tests.support.edge import EdgeUnderTest
from tests.support.proof_messages import witnesses
from tests.support.rest_contract import assert_problem
from tollbook.reconciler.v1 import audit_pb2

URL = "/api/billing/sessions/session-1/witnesses"


async def test_witnesses_side_by_side(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.witnesses["session-1"] = witnesses()
    response = await edge.client.get(URL)
    assert response.text == (
        '{"sessionId":"session-1","witnesses":['
        '{"name":"detail_records_api","hasSpoken":true,"cost":0.023,"currency":"USD","parts":['
        '{"recordType":"sip-trunking","cost":0.015},{"recordType":"amd","cost":0.000000005,"currency":"EUR"}],'
        '"message":"3 detail records.","otherCurrencies":[{"currency":"EUR","cost":0.000000005}]},'
        '{"name":"call_cost_webhook","hasSpoken":true,"cost":0.01,"currency":"USD",'
        '"parts":[{"recordType":"sip-trunking","cost":0.01}],"message":"Webhooks of 1 leg."},'
        '{"name":"session_analysis","hasSpoken":false,"cost":null,"currency":null,"parts":[],'
        '"message":"Telnyx was not asked."}],'
        '"differences":["sip-trunking: the records say 0.015 USD, call.cost says 0.01 USD."]}'
    )


@pytest.mark.parametrize(
    ("query", "ask_telnyx"), [("", False), ("?askTelnyx=false", False), ("?askTelnyx=true", True)]
)
async def test_telnyx_is_asked_only_on_request(edge: EdgeUnderTest, query: str, ask_telnyx: bool) -> None:
    edge.fakes.audits.witnesses["session-1"] = witnesses()
    assert (await edge.client.get(f"{URL}{query}")).status_code == 200
    [request] = edge.fakes.audits.requests["CompareWitnesses"]
    assert isinstance(request, audit_pb2.CompareWitnessesRequest)
    assert request.ask_telnyx is ask_telnyx


async def test_an_id_may_have_slashes(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.witnesses["a/b"] = witnesses()
    assert (await edge.client.get("/api/billing/sessions/a%2Fb/witnesses")).json()["sessionId"] == "a/b"


async def test_a_session_that_nobody_knows(edge: EdgeUnderTest) -> None:
    assert_problem(await edge.client.get(URL), 404, "no session is known")


async def test_what_is_wrong_is_named(edge: EdgeUnderTest) -> None:
    assert_problem(await edge.client.get(f"{URL}?askTelnyx=maybe"), 400, "askTelnyx", "askTelnyx")
    edge.fakes.audits.errors["CompareWitnesses"] = QuotaExhausted(
        "Telnyx's quota is used up", retry_after_s=3
    )
    assert_problem(await edge.client.get(URL), 503, "quota")
