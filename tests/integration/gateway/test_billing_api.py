"""The REST contract of design section 2: shapes, exact numbers, and what is said when something fails."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from google.type.money_pb2 import Money as MoneyMessage

from services.common.errors import (
    InvalidInput,
    NotFound,
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)
from services.common.money import Money
from services.common.wire import optional_time, to_money, to_timestamp
from tests.support.edge import EdgeUnderTest, exact_json
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.reconciler.v1 import reconciler_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FETCH = "/api/billing/fetch-call-cost"


def usd(nanos: int) -> MoneyMessage:
    return coin("USD", nanos)


def coin(currency: str, nanos: int) -> MoneyMessage:
    message = to_money(Money(currency, nanos))
    assert message is not None
    return message


def charge(number: int, **changes: Any) -> book_pb2.Charge:
    values = {
        "id": f"charge-{number}",
        "kind": book_pb2.RECORD_KIND_CALL,
        "record_id": f"v3:{number}",
        "phone_number": "+12025550100",
        "contact": "+12025550131",
        "direction": "outbound",
        "time": to_timestamp(NOON),
        "duration_seconds": 60,
        "cost": usd(15_000_000),
        "status": book_pb2.CHARGE_STATUS_EXACT,
        "source": "detail_records_api",
        "description": "Call to +12025550131 (60s)",
    }
    return book_pb2.Charge(**{**values, **changes})


def totals(currency: str = "USD", nanos: int = 1) -> ledger_pb2.Totals:
    return ledger_pb2.Totals(
        currency=currency,
        total_cost=coin(currency, 10 * nanos),
        call_cost=coin(currency, 7 * nanos),
        sms_cost=coin(currency, 2 * nanos),
        other_cost=coin(currency, nanos),
        estimated_cost=coin(currency, 4 * nanos),
        exact_cost=coin(currency, 6 * nanos),
        count=12,
    )


def assert_problem(response: Any, status: int, error: str, field: str | None = None) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    content = response.json()
    assert content["status"] == status
    assert content["title"]
    assert content["error"] == content["detail"]
    assert error in content["error"]
    assert content.get("field") == field


async def test_balance(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(
        balance=usd(31_270_000_000), pending=usd(0), credit_limit=usd(0), available_credit=usd(31_270_000_000)
    )
    response = await edge.client.get("/api/billing/balance")
    assert response.status_code == 200
    assert response.text == (
        '{"balance":31.27,"pending":0,"creditLimit":0,"availableCredit":31.27,"currency":"USD"}'
    )


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (1, "0.000000001"),
        (-1, "-0.000000001"),
        (9_223_372_036_854_775_807, "9223372036.854775807"),
        (100_000_000_000, "100"),
        (-1_500_000_000, "-1.5"),
        (300_000_000, "0.3"),
    ],
)
async def test_amounts_are_plain_and_exact_to_the_nano(edge: EdgeUnderTest, nanos: int, text: str) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=usd(nanos))
    response = await edge.client.get("/api/billing/balance")
    assert f'"balance":{text},' in response.text
    assert Decimal(str(exact_json(response)["balance"])) * 10**9 == nanos


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TelnyxUnreachable("Telnyx does not answer"), 502),
        (TelnyxRefused("Telnyx refused the API key"), 502),
        (QuotaExhausted("Telnyx's quota is used up", retry_after_s=12.2), 503),
        (Unavailable("not ready"), 503),
        (InvalidInput("no", "page_token"), 400),
        (NotFound("nothing there"), 404),
        (TollbookError("broken"), 500),
    ],
)
async def test_errors_are_mapped_once(edge: EdgeUnderTest, error: TollbookError, status: int) -> None:
    edge.fakes.telnyx.errors["GetBalance"] = error
    response = await edge.client.get("/api/billing/balance")
    shown = "internal" if status == 500 else error.detail
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert shown in response.json()["error"] or status == 500
    assert response.headers.get("retry-after") == {
        "Telnyx's quota is used up": "13",
        "not ready": "1",
    }.get(error.detail)
    assert response.json().get("field") == ("cursor" if error.field else None)


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
    "body", [b"{}", b'{"callControlId": ""}', b'{"callControlId": null}', b'{"callControlId": " "}']
)
async def test_fetch_call_cost_without_an_id(edge: EdgeUnderTest, body: bytes) -> None:
    response = await edge.client.post(FETCH, content=body)
    assert_problem(response, 400, "Missing callControlId", "callControlId")
    assert response.json()["error"] == "Missing callControlId"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", None),
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


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_cron_runs_what_is_due(edge: EdgeUnderTest, method: str) -> None:
    edge.fakes.reconciler.processed = reconciler_pb2.ProcessDueResponse(
        processed=6, succeeded=3, failed=1, retried=2
    )
    response = await edge.client.request(method, "/api/cron/process-call-costs")
    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "processed": 6,
        "succeeded": 3,
        "failed": 1,
        "retried": 2,
        "timestamp": "2026-11-22T12:00:00Z",
    }


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
        "/api/billing/records?phoneNumber=%2B12025550100&recordType=sms&status=exact&from=2026-11-01&to=2026-11-02"
        "&limit=7&cursor=14"
    )
    [listed] = edge.fakes.ledger.requests["ListCharges"]
    [summed] = edge.fakes.ledger.requests["Summarize"]
    assert isinstance(listed, ledger_pb2.ListChargesRequest)
    assert isinstance(summed, ledger_pb2.SummarizeRequest)
    assert (listed.page_size, listed.page_token) == (7, "14")
    assert listed.filter == summed.filter
    assert (listed.filter.phone_number, listed.filter.kind, listed.filter.status) == (
        "+12025550100",
        book_pb2.RECORD_KIND_SMS,
        book_pb2.CHARGE_STATUS_EXACT,
    )
    assert optional_time(listed.filter, "to_time") == datetime(2026, 11, 3, tzinfo=UTC)


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
        ("export=yes", 400, "export"),
        ("days=x", 400, "days"),
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


async def test_an_export_holds_everything_whatever_the_limit(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(number) for number in range(2500)]
    response = await edge.client.get("/api/billing/records?export=true&limit=1")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="tollbook-records.csv"'
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


def leg(**changes: Any) -> book_pb2.CallLeg:
    values = {
        "telnyx_call_id": "v3:abc",
        "call_control_id": "v3:abc",
        "leg_id": "leg-1",
        "session_id": "session-1",
        "from_number": "+12025550100",
        "to_number": "+12025550131",
        "direction": "outbound",
        "start_time": to_timestamp(NOON),
        "answer_time": to_timestamp(NOON),
        "end_time": to_timestamp(NOON),
        "hangup_cause": "normal_clearing",
        "call_status": "completed",
        "costs": [usd(20_000_000)],
        "status": book_pb2.CHARGE_STATUS_EXACT,
        "estimate": usd(45_000_000),
        "parts": [
            book_pb2.Part(
                record_type="sip-trunking",
                record_id="r1",
                cost=usd(15_000_000),
                rate="7.0E-7",
                billed_seconds=180,
                call_seconds=0,
                source="detail_records_api",
            ),
            book_pb2.Part(record_type="amd", cost=coin("EUR", 5), rate="a lot", source="call_cost_webhook"),
        ],
        "missing": ["recording"],
        "unreadable": ["tts r9: cost: missing"],
        "history": [
            book_pb2.Entry(
                posted_time=to_timestamp(NOON),
                kind=book_pb2.ENTRY_KIND_REVERSAL,
                amount=usd(-45_000_000),
                cost_after=usd(0),
                source="fallback",
            ),
            book_pb2.Entry(
                posted_time=to_timestamp(NOON),
                kind=book_pb2.ENTRY_KIND_EXACT,
                amount=usd(20_000_000),
                cost_after=usd(20_000_000),
                source="mixed",
            ),
        ],
    }
    return book_pb2.CallLeg(**{**values, **changes})


async def test_a_call_in_full(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["leg-1"] = leg()
    edge.fakes.reconciler.jobs = [
        reconciler_pb2.Job(
            call_id="v3:abc",
            status=reconciler_pb2.JOB_STATUS_RUNNING,
            attempts=2,
            next_run_time=to_timestamp(NOON),
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


@pytest.mark.parametrize(
    "path", ["calls/unknown", "sessions/unknown", "calls/", "sessions/", "calls/a%00b", "calls/" + "x" * 256]
)
async def test_what_nobody_knows_is_not_found(edge: EdgeUnderTest, path: str) -> None:
    assert_problem(await edge.client.get(f"/api/billing/{path}"), 404, "known under this id")


async def test_ids_may_hold_anything_printable(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["a/b@c:d?e+f"] = leg()
    assert (await edge.client.get("/api/billing/calls/a%2Fb@c:d%3Fe+f")).status_code == 200


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


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", reconciler_pb2.JOB_STATUS_UNSPECIFIED),
        ("?status=all", reconciler_pb2.JOB_STATUS_UNSPECIFIED),
        ("?status=pending", reconciler_pb2.JOB_STATUS_PENDING),
        ("?status=failed", reconciler_pb2.JOB_STATUS_FAILED),
    ],
)
async def test_jobs(edge: EdgeUnderTest, query: str, status: int) -> None:
    edge.fakes.reconciler.jobs = [
        reconciler_pb2.Job(call_id="v3:abc", status=reconciler_pb2.JOB_STATUS_FAILED, last_error="never came")
    ]
    content = (await edge.client.get(f"/api/billing/jobs{query}")).json()
    assert [(job["callId"], job["status"], job["lastError"]) for job in content["jobs"]] == [
        ("v3:abc", "failed", "never came")
    ]
    assert content["nextCursor"] == "next"
    [request] = edge.fakes.reconciler.requests["ListJobs"]
    assert isinstance(request, reconciler_pb2.ListJobsRequest)
    assert request.status == status


async def test_jobs_of_a_status_that_is_none(edge: EdgeUnderTest) -> None:
    assert_problem(await edge.client.get("/api/billing/jobs?status=late"), 400, "status", "status")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/billing/", 404),
        ("POST", "/api/billing/balance", 405),
        ("GET", FETCH, 405),
        ("DELETE", "/api/cron/process-call-costs", 405),
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
