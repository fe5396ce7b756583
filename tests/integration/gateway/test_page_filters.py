"""What the page shows is in its address: ranges, filters, chips, sorting, pages, zones, and what is refused of them."""

from datetime import UTC, datetime
from typing import cast

import pytest

from gateway.access import Access
from gateway.api_keys import ApiKey, Scope, digest_of
from services.common.wire import from_timestamp
from tests.support.book_messages import charge
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.page_reader import Page
from tollbook.ledger.v1 import book_pb2, ledger_pb2

EVERYTHING = (
    "?phoneNumber=%2B12025550100&direction=outbound&recordType=call&status=exact&text=a%20b&days=7"
    "&zone=America/St_Johns&sort=-cost&limit=10"
)


async def page_of(edge: EdgeUnderTest, query: str = "") -> Page:
    response = await edge.client.get(f"/billing{query}")
    assert response.status_code == 200, response.text
    return Page(response.text)


def asked(edge: EdgeUnderTest) -> ledger_pb2.ListChargesRequest:
    return cast(ledger_pb2.ListChargesRequest, edge.fakes.ledger.requests["ListCharges"][0])


async def test_the_whole_filter_reaches_the_ledger(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(number) for number in range(30)]
    await page_of(edge, f"{EVERYTHING}&cursor=10")
    request = asked(edge)
    wanted = request.filter
    assert (wanted.phone_number, wanted.direction, wanted.text) == ("+12025550100", "outbound", "a b")
    assert (wanted.kind, wanted.status) == (book_pb2.RECORD_KIND_CALL, book_pb2.CHARGE_STATUS_EXACT)
    assert from_timestamp(wanted.from_time) == datetime(2026, 11, 15, tzinfo=UTC)
    assert (request.page_size, request.page_token) == (10, "10")
    assert request.order == ledger_pb2.CHARGE_ORDER_DEAREST
    for sums in edge.fakes.ledger.requests["Summarize"]:
        assert cast(ledger_pb2.SummarizeRequest, sums).filter.phone_number == "+12025550100"
        assert cast(ledger_pb2.SummarizeRequest, sums).filter.text == "a b"


async def test_the_form_shows_what_is_in_force_and_hands_the_rest_on(edge: EdgeUnderTest) -> None:
    page = await page_of(edge, EVERYTHING)
    assert page["number"]["value"] == "+12025550100"
    assert page["text"]["value"] == "a b"
    assert page["zone"]["value"] == "America/St_Johns"
    chosen = {tag["value"] for tag in page.named("option") if tag.has("selected")}
    assert chosen == {"outbound", "call", "exact"}
    hidden = [
        (tag["name"], tag["value"]) for tag in page.named("input") if tag.attributes.get("type") == "hidden"
    ]
    of_range, of_filters = hidden[:7], hidden[7:]
    assert dict(of_filters) == {"days": "7", "sort": "-cost", "limit": "10"}
    assert {"phoneNumber", "direction", "recordType", "status", "text", "zone", "sort"} <= {
        name for name, _ in [*of_range, *of_filters]
    }
    assert "days" not in dict(of_range)


async def test_each_chip_takes_its_filter_away_and_nothing_else(edge: EdgeUnderTest) -> None:
    page = await page_of(edge, EVERYTHING)
    assert page["chip-direction"].text == "Direction: outbound × Remove this filter"
    assert page["chip-direction"]["href"] == "/billing" + EVERYTHING.replace("direction=outbound&", "")
    assert page["chip-all"]["href"] == "/billing?days=7&zone=America/St_Johns&sort=-cost&limit=10"
    assert not (await page_of(edge)).with_class("chip")


async def test_presets_are_links_and_the_one_in_force_is_marked(edge: EdgeUnderTest) -> None:
    page = await page_of(edge, "?status=exact&cursor=0&days=7")
    links = {
        tag.attributes["id"]: tag["href"]
        for tag in page.named("a")
        if tag.attributes.get("id", "").startswith("range-")
    }
    assert links == {
        "range-today": "/billing?status=exact&from=2026-11-22&to=2026-11-22",
        "range-yesterday": "/billing?status=exact&from=2026-11-21&to=2026-11-21",
        "range-7-days": "/billing?status=exact&days=7",
        "range-30-days": "/billing?status=exact",
        "range-this-month": "/billing?status=exact&from=2026-11-01&to=2026-11-22",
        "range-last-month": "/billing?status=exact&from=2026-10-01&to=2026-10-31",
    }
    current = [
        tag.attributes["id"] for tag in page.named("a") if tag.attributes.get("aria-current") == "true"
    ]
    assert current == ["range-7-days"]
    own = await page_of(edge, "?from=2026-11-02&to=2026-11-04")
    assert (own["from"]["value"], own["to"]["value"]) == ("2026-11-02", "2026-11-04")
    assert "current" in own.named("summary")[0].classes


@pytest.mark.parametrize(
    ("query", "states", "next_sort"),
    [
        ("", {"timestamp": "descending", "duration": "none", "cost": "none"}, "?sort=timestamp"),
        ("?sort=timestamp", {"timestamp": "ascending", "duration": "none", "cost": "none"}, ""),
        ("?sort=-cost", {"timestamp": "none", "duration": "none", "cost": "descending"}, ""),
    ],
)
async def test_columns_sort_and_say_how_they_are_sorted(
    edge: EdgeUnderTest, query: str, states: dict[str, str], next_sort: str
) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    page = await page_of(edge, query)
    headers = [tag for tag in page.named("th") if tag.has("aria-sort")]
    assert [header["aria-sort"] for header in headers] == list(states.values())
    assert page["sort-timestamp"]["href"] == f"/billing{next_sort}"


async def test_pages_are_turned_by_cursor(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(number) for number in range(120)]
    first = await page_of(edge, "?status=exact")
    assert first["next-page"]["href"] == "/billing?status=exact&cursor=50"
    assert not [tag for tag in first.tags if tag.attributes.get("id") == "first-page"]
    last = await page_of(edge, "?status=exact&cursor=100")
    assert last["first-page"]["href"] == "/billing?status=exact"
    assert not [tag for tag in last.tags if tag.attributes.get("id") == "next-page"]


async def test_the_csv_of_a_filter_is_one_click_away(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    page = await page_of(edge, f"{EVERYTHING}&cursor=0")
    (link,) = [tag for tag in page.named("a") if tag.has("download")]
    assert link["href"].startswith("/billing/records.csv?phoneNumber=%2B12025550100&direction=outbound")
    assert not {"cursor", "limit", "zone"} & {
        pair.split("=")[0] for pair in link["href"].split("?")[1].split("&")
    }
    response = await edge.client.get(link["href"])
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["content-disposition"]
    assert len(response.text.splitlines()) == 2


async def test_with_keys_the_page_s_password_is_good_for_all_of_it() -> None:
    key = "a-key-that-is-long-enough-to-be-safe"
    access = Access(
        keys=(ApiKey("reader", frozenset({Scope.READ}), digest_of(key.encode()), is_short=False),)
    )
    async with open_edge_under_test(access) as edge:
        auth = ("", key)
        for path in ("/billing", "/billing/records.csv"):
            assert (await edge.client.get(path)).status_code == 401
            assert (await edge.client.get(path, auth=auth)).status_code == 200
        assert (await edge.client.get("/billing/live")).status_code == 401


async def test_times_are_shown_in_the_zone_and_days_stay_utc(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    page = await page_of(edge, "?zone=America/St_Johns")
    (shown,) = [tag for tag in page.named("time") if tag.has("title") and "08:30:00" in tag.text]
    assert shown["datetime"] == "2026-11-22T12:00:00Z"
    assert shown["title"] == "2026-11-22 08:30:00 UTC-03:30"
    assert "times in America/St_Johns" in page.text
    assert from_timestamp(asked(edge).filter.from_time).hour == 0


@pytest.mark.parametrize(
    ("query", "status", "field", "says"),
    [
        ("?zone=Mars/Olympus", 422, "zone", "such as Europe/Berlin"),
        ("?zone=../../etc/passwd", 422, "zone", "such as Europe/Berlin"),
        ("?from=yesterday", 400, "from", "must be a date"),
        ("?to=2026-02-30", 400, "to", "must be a date"),
        ("?from=2026-11-05&to=2026-11-01", 422, "from", "before to"),
        ("?days=0", 422, "days", "from 1 to"),
        ("?days=7&from=2026-11-01", 422, "days", "exclude each other"),
        ("?direction=sideways", 400, "direction", "inbound"),
        ("?recordType=fax", 400, "recordType", "call, sms"),
        ("?status=maybe", 400, "status", "estimated"),
        ("?sort=colour", 400, "sort", "must be one of"),
        ("?limit=0", 422, "limit", "from 1 to 200"),
        ("?text=" + "x" * 256, 400, "text", "longer than 255"),
        ("?phoneNumber=a&phoneNumber=b", 400, "phoneNumber", "more than once"),
        ("?phoneNumber=%00", 400, "phoneNumber", "not printable"),
    ],
)
async def test_what_is_refused_is_named_beside_the_form(
    edge: EdgeUnderTest, query: str, status: int, field: str, says: str
) -> None:
    response = await edge.client.get(f"/billing{query}")
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(response.text)
    assert page["problem"]["role"] == "alert"
    assert page["problem"].text.startswith(f"This cannot be shown: {field} ")
    assert says in page["problem"].text
    assert page["filters"].name == "form"
    on_the_form = {tag.attributes.get("name") for tag in page.tags if tag.attributes.get("type") != "hidden"}
    invalid = [tag["name"] for tag in page.tags if tag.attributes.get("aria-invalid") == "true"]
    assert invalid == [field] * (field in on_the_form)
    handed_on = {tag["name"] for tag in page.named("input") if tag.attributes.get("type") == "hidden"}
    assert field not in handed_on
    ranges = [tag.attributes.get("id", "") for tag in page.named("a") if tag.attributes.get("aria-current")]
    assert ("range-30-days" in ranges) == (field not in ("from", "to", "days"))
    assert (await edge.client.get(page["start-again"]["href"])).status_code == 200
    edge.fakes.ledger.requests.clear()
    assert (await edge.client.get(f"/billing{query}")).status_code == status
    assert "Summarize" not in edge.fakes.ledger.requests


async def test_every_link_of_the_page_leads_to_a_page(edge: EdgeUnderTest) -> None:
    """Without JavaScript there is nothing but links and forms that get."""
    edge.fakes.ledger.charges = [charge(number) for number in range(60)]
    page = await page_of(edge, f"{EVERYTHING}&cursor=10")
    assert all(form["method"] == "get" and form["action"] == "/billing" for form in page.named("form"))
    links = {
        tag["href"]
        for tag in page.named("a")
        if not tag["href"].startswith(("#", "/billing/ca", "/billing/ch"))
    }
    assert len(links) > 10
    for link in links:
        assert (await edge.client.get(link)).status_code == 200, link
