"""Whatever stands in the stored texts comes out as text."""

import pytest

from tests.support.book_messages import charge, leg
from tests.support.edge import EdgeUnderTest
from tollbook.ledger.v1 import book_pb2
from tollbook.reconciler.v1 import reconciler_pb2

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><!-- ${7*7} {{7*7}} {% x %} %s %(x)s",
    "'; DROP TABLE telnyx_billing; --",
    "' OR '1'='1",
    "%' ESCAPE '\\",
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "sip:a;=1+1@example.test",
    'two\r\nlines,"quoted"',
    "\u202e\ufeff=1+1\u0000",
    "\uff1d1+1",
]


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_in_json_it_is_text(edge: EdgeUnderTest, payload: str) -> None:
    edge.fakes.ledger.charges = [
        charge(
            1, record_id=payload, phone_number=payload, contact=payload, source=payload, description=payload
        )
    ]
    response = await edge.client.get("/api/billing/records")
    [record] = response.json()["records"]
    texts = ("id", "phoneNumber", "contact", "source", "description")
    assert {record[name] for name in texts} == {payload}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_of_a_call_it_is_text_too(edge: EdgeUnderTest, payload: str) -> None:
    edge.fakes.ledger.calls["v3:abc"] = leg(
        telnyx_call_id=payload,
        from_number=payload,
        to_number=payload,
        hangup_cause=payload,
        missing=[payload],
        unreadable=[payload],
        parts=[book_pb2.Part(record_type=payload, record_id=payload, source=payload, rate=payload)],
        history=[],
    )
    edge.fakes.reconciler.jobs = [reconciler_pb2.Job(call_id=payload, last_error=payload)]
    call = (await edge.client.get("/api/billing/calls/v3:abc")).json()
    texts = [call[name] for name in ("telnyxCallId", "from", "to", "hangupCause")]
    texts += [*call["missing"], *call["unreadable"], call["job"]["callId"], call["job"]["lastError"]]
    texts += [call["parts"][0][name] for name in ("recordType", "recordId", "source")]
    assert set(texts) == {payload}


@pytest.mark.parametrize("payload", [text for text in PAYLOADS if text.isprintable()])
async def test_what_is_asked_for_is_text(edge: EdgeUnderTest, payload: str) -> None:
    response = await edge.client.get("/api/billing/records", params={"text": payload, "phoneNumber": payload})
    assert response.status_code == 200
    [request] = edge.fakes.ledger.requests["ListCharges"]
    assert (request.filter.text, request.filter.phone_number) == (payload, payload)  # type: ignore[attr-defined]
    answer = await edge.client.get("/api/billing/records", params={"status": payload})
    assert answer.status_code == 400
    assert payload not in answer.text
