"""The page of the audit: verdicts in words, sums, causes that lead on, and the button that asks Telnyx again."""

from datetime import date

import pytest

from gateway.access import Access
from gateway.api_keys import parse_api_keys
from services.common.errors import InvalidInput, QuotaExhausted, TelnyxUnreachable, Unavailable
from services.common.wire import from_date, to_date
from tests.support.book_messages import coin, usd
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.page_reader import Page, Tag
from tests.support.proof_messages import DAY, audit, audit_line, audit_totals, bare_line, different_line
from tollbook.reconciler.v1 import audit_pb2

URL = "/billing/audit"
AGAIN = "/billing/audit/ask-again"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def get(edge: EdgeUnderTest, url: str = URL, status: int = 200) -> Page:
    response = await edge.client.get(url)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


def panel(page: Page, title: str) -> Tag:
    """The section whose heading has this text."""
    [heading] = [tag for tag in page.named("h2") if tag.text == title]
    return next(
        tag for tag in page.named("section") if tag.attributes.get("aria-labelledby") == heading["id"]
    )


def asked(edge: EdgeUnderTest) -> list[tuple[date, date, bool]]:
    return [
        (from_date(request.from_day), from_date(request.to_day), request.refresh)  # type: ignore[attr-defined]
        for request in edge.fakes.audits.requests.get("Audit", [])
    ]


async def test_what_is_different_is_broken_down(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit()
    page = await get(edge)
    assert "1 line is different." in page["count"].text
    line = page["2026-11-20-call-control-USD"]
    assert line.has("open")
    for text in (
        "2026-11-20 Call control",
        "≠ different",
        "The book has 0.015 USD less than usage_reports.",
        "The book $0.0060 Telnyx $0.0210 Difference -$0.0150 Detail records 3",
        "cc-1 This record's amount cannot be read, and counts 0. $0.0150",
        "cc-2 This record ends in no charge. –",
        "Product call-control ; reported with 4 decimals at 2026-11-22 03:10:00",
    ):
        assert text in line.text
    assert [tag["href"] for tag in page.named("a") if tag.text == "cc-1"] == ["/billing/calls/v3:abc"]
    assert not [tag for tag in page.named("a") if tag.text == "cc-2"]


async def test_the_table_has_days_products_and_sums(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(
        different_line(),
        audit_line(),
        audit_line(day=to_date(date(2026, 11, 19)), book_cost=usd(5_000_000), reported_cost=usd(5_000_000)),
        totals=[
            audit_totals(
                book_cost=usd(56_000_000), reported_cost=usd(71_000_000), difference=usd(-15_000_000)
            )
        ],
    )
    table = panel(await get(edge), "Every day and product").text
    for text in (
        "Day All SIP trunking Call control",
        "2026-11-20 $0.0510 $0.0450 = equal $0.0060 ≠ different",
        "2026-11-19 $0.0050 $0.0050 = equal –",
        "The book $0.0560 $0.0500 $0.0060",
        "Telnyx $0.0710 $0.0500 $0.0210",
        "Difference -$0.0150 $0.0000 -$0.0150",
    ):
        assert text in table


async def test_a_verdict_leads_to_its_reason(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(different_line(), bare_line())
    page = await get(edge)
    links = [tag["href"] for tag in page.named("a") if tag.attributes["href"].startswith("#2026")]
    assert sorted(links) == ["#2026-11-20-call-control-USD", "#2026-11-20-sip-trunking-USD"]
    assert {page[link.removeprefix("#")].name for link in links} == {"details"}


async def test_an_open_line_says_what_it_waits_for(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(bare_line(), totals=[audit_totals(different_count=0)])
    page = await get(edge)
    assert "Nothing is different: what is not equal yet is explained below." in page.text
    line = page["2026-11-20-sip-trunking-USD"]
    assert not line.has("open")
    assert "… open no report" in line.text
    assert "Telnyx not told Difference –" in line.text
    assert "usage_reports have not spoken of this day yet." in line.text


@pytest.mark.parametrize(
    ("verdict", "words", "result"),
    [
        (audit_pb2.AUDIT_VERDICT_EQUAL, "= equal 1", "Every day of every product is equal."),
        (audit_pb2.AUDIT_VERDICT_DAY_BOUNDARY, "⇄ day boundary 1", "Nothing is different"),
        (audit_pb2.AUDIT_VERDICT_NOT_READ, "≠ different: not read 1", "1 line is different."),
        (audit_pb2.AUDIT_VERDICT_DIFFERENT, "≠ different 1", "1 line is different."),
    ],
)
async def test_every_verdict_is_said_in_words(
    edge: EdgeUnderTest, verdict: int, words: str, result: str
) -> None:
    edge.fakes.audits.audit = audit(audit_line(verdict=verdict))
    summary = panel(await get(edge), "The book against Telnyx's own totals").text
    assert words in summary
    assert result in summary


async def test_many_differences_stay_folded(edge: EdgeUnderTest) -> None:
    lines = [different_line(day=to_date(date(2026, 11, day))) for day in range(20, 14, -1)]
    edge.fakes.audits.audit = audit(*lines)
    page = await get(edge)
    assert "6 lines are different." in page.text
    assert not [tag for tag in page.named("details") if tag.has("open")]


async def test_a_product_that_is_not_read_has_the_name_that_telnyx_gives_it(edge: EdgeUnderTest) -> None:
    line = different_line(record_type="", product="fax-api", verdict=audit_pb2.AUDIT_VERDICT_NOT_READ)
    line.causes.clear()
    edge.fakes.audits.audit = audit(line)
    assert "fax-api" in panel(await get(edge), "Different: not read").text


async def test_other_currencies_are_in_no_sum(edge: EdgeUnderTest) -> None:
    euro = {"book_cost": coin("EUR", 7_000_000), "reported_cost": coin("EUR", 7_000_000)}
    edge.fakes.audits.audit = audit(
        audit_line(),
        audit_line(**euro, difference=coin("EUR", 0)),
        totals=[audit_totals(), audit_totals("EUR", difference=coin("EUR", 0))],
    )
    page = await get(edge)
    assert "The book in EUR 0.0510 EUR" in page.text
    table = panel(page, "Every day and product").text
    assert "2026-11-20 $0.0450 $0.0450 = equal 0.0070 EUR = equal" in table
    assert "The book $0.0450 $0.0450" in table
    assert "Sums are in USD alone." in table


async def test_nothing_to_compare(edge: EdgeUnderTest) -> None:
    page = await get(edge)
    assert "neither the book nor Telnyx has a cost in this range" in page.text
    assert not page.named("table")


async def test_what_could_not_be_asked_is_told(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(troubles=["usage_reports: Telnyx did not answer about messaging"])
    text = panel(await get(edge), "What could not be asked").text
    assert "usage_reports: Telnyx did not answer about messaging." in text


async def test_the_range_is_that_of_the_address(edge: EdgeUnderTest) -> None:
    page = await get(edge, f"{URL}?from=2026-11-19&to=2026-11-20&zone=Europe/Berlin&text=ignored")
    assert asked(edge) == [(date(2026, 11, 19), date(2026, 11, 21), False)]
    assert "2026-11-19 to 2026-11-20, 2 UTC days" in page.text
    assert page["range-7-days"]["href"] == "/billing/audit?days=7&zone=Europe/Berlin"
    assert page["from"]["value"] == "2026-11-19"
    hidden = {tag["name"]: tag["value"] for tag in page.named("input") if tag.attributes["type"] == "hidden"}
    assert hidden == {"from": "2026-11-19", "to": "2026-11-20", "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("from=2026-01-01", 400, "an audit covers at most 92 days, and this range has 326"),
        ("from=soon", 400, "from must be a date"),
        ("zone=Nowhere/Land", 422, "zone must be the name of a time zone"),
        ("days=92", 400, "an audit covers at most 92 days"),
    ],
)
async def test_a_range_that_cannot_be_shown_is_marked(
    edge: EdgeUnderTest, query: str, status: int, sentence: str
) -> None:
    page = await get(edge, f"{URL}?{query}", status)
    assert sentence in page["problem"].text
    assert page["start-again"]["href"] == URL
    if query.startswith("from"):
        assert page["from"]["aria-invalid"] == "true"
        assert page["own-range"].has("open")
    assert asked(edge) == []


async def test_what_only_the_reconciler_can_refuse(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.errors["Audit"] = InvalidInput("these days are too far back", "from_day")
    page = await get(edge, f"{URL}?from=2026-11-01", 400)
    assert "these days are too far back" in page["problem"].text


async def test_while_the_reconciler_is_away_the_page_says_so(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.errors["Audit"] = Unavailable("the reconciler is starting")
    page = await get(edge)
    assert "The audit cannot be shown now: the reconciler is starting." in page.text


async def test_the_page_waits_for_no_longer_than_a_person_would(edge: EdgeUnderTest) -> None:
    await get(edge)
    [limit_s] = edge.fakes.audits.time_limits_s
    assert 5 < limit_s <= 8


async def press(edge: EdgeUnderTest, body: str = "", **headers: str) -> str:
    response = await edge.client.post(AGAIN, content=body, headers={**FORM, **headers})
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def test_asking_again_leads_back_to_the_same_range(edge: EdgeUnderTest) -> None:
    location = await press(edge, "from=2026-11-19&to=2026-11-20&zone=Europe%2FBerlin")
    assert asked(edge) == [(date(2026, 11, 19), date(2026, 11, 21), True)]
    assert location.startswith(
        "/billing/audit?from=2026-11-19&to=2026-11-20&zone=Europe/Berlin&outcome=asked"
    )
    page = await get(edge, location)
    assert "Telnyx was asked again about every day of this range." in page["outcome"].text
    assert [refresh for *_, refresh in asked(edge)] == [True, False]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (QuotaExhausted("no quota"), "Telnyx answers no more requests this minute"),
        (TelnyxUnreachable("no answer"), "Telnyx did not answer"),
        (Unavailable("starting"), "The reconciler did not answer"),
    ],
)
async def test_what_came_of_asking_is_told(edge: EdgeUnderTest, error: Exception, sentence: str) -> None:
    edge.fakes.audits.errors["Audit"] = error
    location = await press(edge)
    edge.fakes.audits.errors.clear()
    assert sentence in (await get(edge, location))["outcome"].text


async def test_half_an_answer_is_called_so(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.audit = audit(troubles=["usage_reports did not answer about messaging"])
    location = await press(edge)
    assert "did not answer all of it" in (await get(edge, location))["outcome"].text


async def test_the_button_is_for_our_own_pages_alone(edge: EdgeUnderTest) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        response = await edge.client.post(AGAIN, headers={**FORM, **headers})
        assert response.status_code == 403
        assert "only taken from Tollbook's own pages" in Page(response.text).text
    for body, content_type in (("{}", "application/json"), ("&".join("abcdefghij"), FORM["content-type"])):
        response = await edge.client.post(AGAIN, content=body, headers={"content-type": content_type})
        assert response.status_code == 400
    assert (await edge.client.post(AGAIN, content="from=2020-01-01", headers=FORM)).status_code == 400
    assert asked(edge) == []


async def test_reloading_where_a_refusal_left_one_leads_to_the_audit(edge: EdgeUnderTest) -> None:
    response = await edge.client.get(AGAIN)
    assert (response.status_code, response.headers["location"]) == (307, URL)


async def test_the_button_is_there_for_who_may_press_it() -> None:
    keys = parse_api_keys("r:read:read-key-0123456789,both:read+reconcile:both-key-0123456789")
    async with open_edge_under_test(Access(keys=tuple(keys))) as edge:  # type: ignore[arg-type]
        for key, has_button in (("read-key-0123456789", False), ("both-key-0123456789", True)):
            edge.client.headers["authorization"] = f"Bearer {key}"
            page = await get(edge)
            assert bool(page.named("button")) is True
            assert any(button.text == "Ask Telnyx again" for button in page.named("button")) is has_button
            assert ("needs a key with the scope reconcile" in page.text) is not has_button
            response = await edge.client.post(AGAIN, headers=FORM)
            assert response.status_code == (303 if has_button else 403)


async def test_text_from_outside_is_inert(edge: EdgeUnderTest) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=y>"
    line = different_line(record_type=attack, product=attack, reason=attack)
    line.causes[0].MergeFrom(
        audit_pb2.AuditCause(record_id=attack, kind=attack, charge_record_id=attack, message=attack)
    )
    edge.fakes.audits.audit = audit(line, audit_line(day=to_date(DAY)), troubles=[attack])
    response = await edge.client.get(URL)
    assert "<img src=x" not in response.text
    assert "<script>alert" not in response.text
    assert attack in Page(response.text).text
