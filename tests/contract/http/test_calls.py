"""`GET /api/billing/calls/{id}`: one leg in full."""

import re
from decimal import Decimal

import pytest

from services.common.errors import Unavailable
from services.common.wire import to_timestamp
from tests.support.book_messages import NOON, coin, leg, usd
from tests.support.edge import EdgeUnderTest, exact_json
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import book_pb2
from tollbook.reconciler.v1 import reconciler_pb2


async def test_a_call_in_full(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["leg-1"] = leg()
    edge.fakes.reconciler.jobs = [
        reconciler_pb2.Job(
            call_id="v3:abc",
            status=reconciler_pb2.JOB_STATUS_RUNNING,
            attempts=2,
            next_run_time=to_timestamp(NOON),
            history=[
                reconciler_pb2.JobAttempt(
                    finish_time=to_timestamp(NOON), manual=True, reason="amd has not come"
                ),
                reconciler_pb2.JobAttempt(settled=True),
            ],
        )
    ]
    response = await edge.client.get("/api/billing/calls/leg-1")
    assert response.status_code == 200
    assert exact_json(response) == {
        "telnyxCallId": "v3:abc",
        "callControlId": "v3:abc",
        "callLegId": "leg-1",
        "callSessionId": "session-1",
        "from": "+12025550100",
        "to": "+12025550131",
        "direction": "outbound",
        "startedAt": "2026-11-22T12:00:00Z",
        "answeredAt": "2026-11-22T12:00:00Z",
        "endedAt": "2026-11-22T12:00:00Z",
        "hangupCause": "normal_clearing",
        "cost": Decimal("0.02"),
        "currency": "USD",
        "status": "exact",
        "estimate": Decimal("0.045"),
        "estimateRate": Decimal("0.0141"),
        "estimateSource": "learned",
        "parts": [
            {
                "recordType": "sip-trunking",
                "recordId": "r1",
                "cost": Decimal("0.015"),
                "rate": Decimal("0.0000007"),
                "billedSeconds": 180,
                "callSeconds": 0,
                "source": "detail_records_api",
            },
            {
                "recordType": "amd",
                "recordId": None,
                "cost": Decimal("0.000000005"),
                "rate": None,
                "billedSeconds": None,
                "callSeconds": None,
                "source": "call_cost_webhook",
                "currency": "EUR",
            },
        ],
        "missing": ["recording"],
        "unreadable": ["tts r9: cost: missing"],
        "history": [
            {
                "postedAt": "2026-11-22T12:00:00Z",
                "kind": "reversal",
                "amount": Decimal("-0.045"),
                "costAfter": 0,
                "source": "fallback",
            },
            {
                "postedAt": "2026-11-22T12:00:00Z",
                "kind": "exact",
                "amount": Decimal("0.02"),
                "costAfter": Decimal("0.02"),
                "source": "mixed",
            },
        ],
        "job": {
            "callId": "v3:abc",
            "sessionId": None,
            "status": "running",
            "attempts": 2,
            "nextRunAt": "2026-11-22T12:00:00Z",
            "lastError": None,
            "completedAt": None,
            "createdAt": None,
            "history": [
                {
                    "finishedAt": "2026-11-22T12:00:00Z",
                    "settled": False,
                    "manual": True,
                    "reason": "amd has not come",
                },
                {"finishedAt": None, "settled": True, "manual": False, "reason": None},
            ],
        },
    }
    assert '"rate":0.0000007,' in response.text


async def test_a_call_that_has_not_ended_has_no_estimate_and_no_cost_yet(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["v3:abc"] = leg(
        costs=[], estimate=None, end_time=None, parts=[], history=[], status=book_pb2.CHARGE_STATUS_ESTIMATED
    )
    content = (await edge.client.get("/api/billing/calls/v3:abc")).json()
    assert (content["cost"], content["currency"], content["estimate"]) == (0, "USD", None)
    assert (content["endedAt"], content["status"], content["job"]) == (None, "estimated", None)


async def test_a_call_in_two_currencies(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["v3:abc"] = leg(costs=[usd(1), coin("EUR", 2)])
    content = exact_json(await edge.client.get("/api/billing/calls/v3:abc"))
    assert content["otherCurrencies"] == [{"currency": "EUR", "cost": Decimal("0.000000002")}]


async def test_a_call_is_shown_while_the_reconciler_is_down(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["v3:abc"] = leg()
    edge.fakes.reconciler.errors["GetJob"] = Unavailable("down")
    response = await edge.client.get("/api/billing/calls/v3:abc")
    assert (response.status_code, response.json()["job"]) == (200, None)


async def test_a_rate_of_minus_nothing_is_nothing(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["v3:abc"] = leg(
        parts=[
            book_pb2.Part(record_type="sip-trunking", cost=usd(0), rate=rate)
            for rate in ("-0.000", "2E+1", "")
        ]
    )
    response = await edge.client.get("/api/billing/calls/v3:abc")
    assert re.findall(r'"rate":([^,]*),', response.text) == ["0", "20", "null"]


async def test_what_nobody_knows_is_not_found(edge: EdgeUnderTest) -> None:
    assert_problem(await edge.client.get("/api/billing/calls/unknown"), 404, "known under this id")
    assert_problem(await edge.client.get("/api/billing/calls/"), 404, "an id should stand")


@pytest.mark.parametrize("text", ["a%00b", "a%09b", "%C2%A0", "%E2%80%AEcba", "x" * 256])
async def test_what_can_be_no_id_is_refused(edge: EdgeUnderTest, text: str) -> None:
    assert_problem(await edge.client.get(f"/api/billing/calls/{text}"), 400, "id is", "id")
    assert edge.fakes.ledger.requests == {}


async def test_ids_may_hold_anything_printable(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["a/b@c:d?e+f"] = leg()
    assert (await edge.client.get("/api/billing/calls/a%2Fb@c:d%3Fe+f")).status_code == 200
