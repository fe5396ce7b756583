"""`GET /api/billing/audit`: verdicts, exact sums, which days are asked about, and who may ask Telnyx again."""

from datetime import date

import pytest

from gateway.access import Access
from gateway.api_keys import parse_api_keys
from services.common.errors import TelnyxUnreachable, Unavailable
from services.common.wire import from_date
from tests.support.book_messages import coin, totals, usd
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.proof_messages import audit, audit_line, audit_totals, bare_line, different_line
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import ledger_pb2
from tollbook.reconciler.v1 import audit_pb2

URL = "/api/billing/audit"


def asked(edge: EdgeUnderTest) -> list[tuple[date, date, bool]]:
    """The audits that were asked for: first day, last day, and whether Telnyx was to be asked again."""
    return [
        (from_date(request.from_day), from_date(request.to_day), request.refresh)  # type: ignore[attr-defined]
        for request in edge.fakes.audits.requests.get("Audit", [])
    ]


async def test_a_line_that_is_different(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit()
    content = (await edge.client.get(URL)).text
    assert (
        '{"day":"2026-11-20","recordType":"call-control","product":"call-control","verdict":"different",'
        '"bookCost":0.006,"reportedCost":0.021,"reportedDecimals":4,"reportedAt":"2026-11-22T03:10:00Z",'
        '"difference":-0.015,"currency":"USD","recordCount":3,'
        '"reason":"The book has 0.015 USD less than usage_reports.","causes":['
        '{"recordId":"cc-1","kind":"call","id":"v3:abc","amount":0.015,'
        '"message":"This record\'s amount cannot be read, and counts 0."},'
        '{"recordId":"cc-2","kind":null,"id":null,"amount":null,"message":"This record ends in no charge."}]}'
    ) in content
    assert (
        '"totals":{"currency":"USD","bookCost":0.051,"reportedCost":0.066,"difference":-0.015,"equalCount":1,'
        '"openCount":0,"dayBoundaryCount":0,"differentCount":1,"notReadCount":0},"troubles":[]}'
    ) in content


async def test_a_line_without_a_report_has_no_difference(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(bare_line())
    [line] = (await edge.client.get(URL)).json()["lines"]
    assert line["verdict"] == "open"
    assert [line[name] for name in ("reportedCost", "reportedDecimals", "reportedAt", "difference")] == [
        None
    ] * 4


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (audit_pb2.AUDIT_VERDICT_EQUAL, "equal"),
        (audit_pb2.AUDIT_VERDICT_OPEN, "open"),
        (audit_pb2.AUDIT_VERDICT_DAY_BOUNDARY, "day boundary"),
        (audit_pb2.AUDIT_VERDICT_DIFFERENT, "different"),
        (audit_pb2.AUDIT_VERDICT_NOT_READ, "different: not read"),
    ],
)
async def test_every_verdict_has_its_words(edge: EdgeUnderTest, verdict: int, word: str) -> None:
    edge.fakes.audits.audit = audit(audit_line(verdict=verdict))
    [line] = (await edge.client.get(URL)).json()["lines"]
    assert (line["verdict"], line["reason"], line["causes"]) == (word, None, [])


async def test_a_product_that_is_not_read_has_no_record_type(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(different_line(record_type="", product="fax-api"))
    [line] = (await edge.client.get(URL)).json()["lines"]
    assert (line["recordType"], line["product"]) == (None, "fax-api")


async def test_other_currencies_stand_apart(edge: EdgeUnderTest) -> None:
    line = audit_line(book_cost=coin("EUR", 1), reported_cost=coin("EUR", 1))
    line.causes.append(audit_pb2.AuditCause(amount=usd(2), message="It was charged in dollars."))
    edge.fakes.audits.audit = audit(line, totals=[audit_totals(), audit_totals("EUR")])
    content = (await edge.client.get(URL)).json()
    assert content["totals"]["currency"] == "USD"
    assert [totals["currency"] for totals in content["otherCurrencies"]] == ["EUR"]
    assert content["lines"][0]["currency"] == "EUR"
    assert content["lines"][0]["causes"][0]["currency"] == "USD"


@pytest.mark.parametrize(
    ("account", "main", "other"), [("USD", "USD", "EUR"), ("EUR", "EUR", "USD"), ("GBP", "EUR", "USD")]
)
async def test_the_accounts_currency_comes_first(
    edge: EdgeUnderTest, account: str, main: str, other: str
) -> None:
    edge.fakes.audits.audit = audit(totals=[audit_totals("EUR"), audit_totals("USD")])
    edge.fakes.ledger.summary = ledger_pb2.SummarizeResponse(totals=[totals(account)])
    content = (await edge.client.get(URL)).json()
    assert content["totals"]["currency"] == main
    assert [each["currency"] for each in content["otherCurrencies"]] == [other]


async def test_without_the_ledger_the_order_stays(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(totals=[audit_totals("EUR"), audit_totals("USD")])
    edge.fakes.ledger.errors["Summarize"] = Unavailable("the ledger is away")
    assert (await edge.client.get(URL)).json()["totals"]["currency"] == "EUR"


async def test_nothing_to_audit(edge: EdgeUnderTest) -> None:
    content = (await edge.client.get(URL)).json()
    assert content["lines"] == []
    assert (content["totals"]["currency"], content["totals"]["bookCost"]) == ("USD", 0)
    assert "otherCurrencies" not in content


async def test_what_could_not_be_asked_is_told(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(troubles=["usage_reports did not answer about messaging."])
    content = (await edge.client.get(URL)).json()
    assert content["troubles"] == ["usage_reports did not answer about messaging."]


@pytest.mark.parametrize(
    ("query", "first", "end"),
    [
        # The clock of the test stands at noon of 2026-11-22.
        ("", "2026-10-23", "2026-11-23"),
        ("?days=7", "2026-11-15", "2026-11-23"),
        ("?from=2026-11-20", "2026-11-20", "2026-11-23"),
        ("?from=2026-11-20&to=2026-11-21", "2026-11-20", "2026-11-22"),
        ("?from=2026-11-20T23:59:59Z&to=2026-11-21T00:00:00Z", "2026-11-20", "2026-11-21"),
        ("?from=2026-11-20T23:59:59Z&to=2026-11-21T00:00:01Z", "2026-11-20", "2026-11-22"),
        ("?from=2026-11-21T01:00:00%2B02:00&to=2026-11-21", "2026-11-20", "2026-11-22"),
        ("?to=2026-11-21", "2026-10-23", "2026-11-22"),
        ("?from=2026-12-24", "2026-12-24", "2026-12-25"),
        ("?from=2026-08-23&to=2026-11-22", "2026-08-23", "2026-11-23"),
    ],
)
async def test_the_days_of_a_range_are_audited_whole(
    edge: EdgeUnderTest, query: str, first: str, end: str
) -> None:
    content = (await edge.client.get(f"{URL}{query}")).json()
    assert asked(edge) == [(date.fromisoformat(first), date.fromisoformat(end), False)]
    assert content["from"] == first
    assert (date.fromisoformat(end) - date.fromisoformat(content["to"])).days == 1


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("from=2026-08-22&to=2026-11-22", 400, "from"),
        ("from=2020-01-01", 400, "from"),
        ("days=92", 400, "days"),
        ("from=yesterday", 400, "from"),
        ("to=2026-02-30", 400, "to"),
        ("from=2026-11-22&to=2026-11-20", 422, "from"),
        ("days=7&from=2026-11-20", 422, "days"),
        ("refresh=perhaps", 400, "refresh"),
    ],
)
async def test_a_bad_query_names_the_parameter(
    edge: EdgeUnderTest, query: str, status: int, field: str
) -> None:
    assert_problem(await edge.client.get(f"{URL}?{query}"), status, "", field)
    assert asked(edge) == []


async def test_too_many_days_are_refused_with_their_number(edge: EdgeUnderTest) -> None:
    answer = await edge.client.get(f"{URL}?from=2026-08-01&to=2026-11-22")
    assert_problem(answer, 400, "an audit covers at most 92 days, and this range has 114", "from")


async def test_refresh_asks_again(edge: EdgeUnderTest) -> None:
    await edge.client.get(f"{URL}?from=2026-11-20&to=2026-11-20&refresh=true")
    assert asked(edge) == [(date(2026, 11, 20), date(2026, 11, 21), True)]


async def test_refresh_needs_the_scope_reconcile() -> None:
    keys = parse_api_keys("r:read:read-key-0123456789,both:read+reconcile:both-key-0123456789")
    async with open_edge_under_test(Access(keys=tuple(keys))) as edge:  # type: ignore[arg-type]
        for key, status in (("read-key-0123456789", 403), ("both-key-0123456789", 200)):
            headers = {"authorization": f"Bearer {key}"}
            refreshed = await edge.client.get(f"{URL}?refresh=true", headers=headers)
            assert (await edge.client.get(URL, headers=headers)).status_code == 200
            assert refreshed.status_code == status
        assert [refresh for *_, refresh in asked(edge)] == [False, True, False]


async def test_without_keys_no_page_of_another_site_makes_telnyx_be_asked(edge: EdgeUnderTest) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert_problem(await edge.client.get(f"{URL}?refresh=true", headers=headers), 403, "another site")
    assert asked(edge) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(TelnyxUnreachable("Telnyx does not answer"), 502), (Unavailable("the ledger is away"), 503)],
)
async def test_an_audit_that_cannot_be_made(edge: EdgeUnderTest, error: Exception, status: int) -> None:
    edge.fakes.audits.errors["Audit"] = error
    assert_problem(await edge.client.get(URL), status, str(error))
