"""`GET /api/billing/sessions/{id}`: all legs of one conversation."""

from decimal import Decimal

import pytest

from tests.support.book_messages import coin, leg, usd
from tests.support.edge import EdgeUnderTest, exact_json
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import book_pb2


async def test_a_session_with_all_its_legs(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.sessions["session-1"] = book_pb2.Session(
        session_id="session-1",
        costs=[usd(25_000_000)],
        status=book_pb2.CHARGE_STATUS_ESTIMATED,
        calls=[leg(), leg(telnyx_call_id="silent", call_control_id="", parts=[])],
        other_parts=[book_pb2.Part(record_type="recording", record_id="r7", cost=usd(5_000_000))],
    )
    content = exact_json(await edge.client.get("/api/billing/sessions/session-1"))
    assert (content["sessionId"], content["cost"], content["currency"]) == (
        "session-1",
        Decimal("0.025"),
        "USD",
    )
    assert content["status"] == "estimated"
    assert [(call["telnyxCallId"], call["callControlId"]) for call in content["calls"]] == [
        ("v3:abc", "v3:abc"),
        ("silent", None),
    ]
    assert [part["recordType"] for part in content["parts"]] == ["sip-trunking", "amd", "recording"]
    assert "job" not in content["calls"][0]


async def test_a_session_in_two_currencies(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.sessions["s"] = book_pb2.Session(session_id="s", costs=[usd(1), coin("EUR", 2)])
    content = exact_json(await edge.client.get("/api/billing/sessions/s"))
    assert (content["cost"], content["status"]) == (Decimal("0.000000001"), "estimated")
    assert content["otherCurrencies"] == [{"currency": "EUR", "cost": Decimal("0.000000002")}]


async def test_a_session_that_nobody_knows(edge: EdgeUnderTest) -> None:
    assert_problem(await edge.client.get("/api/billing/sessions/unknown"), 404, "known under this id")
    assert_problem(await edge.client.get("/api/billing/sessions/"), 404, "an id should stand")


@pytest.mark.parametrize("text", ["a%00b", "x" * 256])
async def test_what_can_be_no_id_is_refused(edge: EdgeUnderTest, text: str) -> None:
    assert_problem(await edge.client.get(f"/api/billing/sessions/{text}"), 400, "id is", "id")
    assert edge.fakes.ledger.requests == {}
