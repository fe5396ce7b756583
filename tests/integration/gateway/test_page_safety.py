"""Text from outside stays text, the page loads nothing but its own, and every answer has the security headers."""

import re

import pytest

from tests.support.book_messages import charge, totals
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page
from tollbook.ledger.v1 import book_pb2, ledger_pb2

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=y>{{7*7}}</title></svg>javascript:alert(1)"
FIELDS = ("id", "record_id", "phone_number", "contact", "source", "description")


def poisoned_book(edge: EdgeUnderTest) -> None:
    """Every text that the ledger could have from outside."""
    edge.fakes.ledger.charges = [
        *(charge(number, **{field: ATTACK}) for number, field in enumerate(FIELDS)),
        *(
            charge(9, kind=kind, record_id=ATTACK)
            for kind in (book_pb2.RECORD_KIND_SMS, book_pb2.RECORD_KIND_OTHER)
        ),
    ]
    sums = [totals()]
    edge.fakes.ledger.summary = ledger_pb2.SummarizeResponse(totals=sums)
    group = ledger_pb2.SummaryGroup(key=ATTACK, totals=sums)
    edge.fakes.ledger.groups = {
        ledger_pb2.GROUP_BY_NUMBER: [group],
        ledger_pb2.GROUP_BY_RECORD_TYPE: [group],
        ledger_pb2.GROUP_BY_DAY_AND_PART: [
            ledger_pb2.SummaryGroup(key="2026-11-20", part=ATTACK, totals=sums)
        ],
    }


def assert_inert(source: str) -> Page:
    page = Page(source)
    assert {tag["src"].split("?")[0] for tag in page.tags if tag.has("src")} == {
        "/static/icon.svg",
        "/static/billing.js",
        "/static/vendor/htmx-4.0.1.min.js",
    }
    attributes = {name for tag in page.tags for name in tag.attributes}
    assert not {name for name in attributes if name.startswith(("on", "style", "hx-on"))}
    assert not re.search(r"<script>|<img src=x|\{\{|>49<", source.replace("{{7*7}}", ""))
    for tag in page.tags:
        for name in ("href", "action", "hx-get"):
            assert tag.attributes.get(name, "/").startswith(("/", "#")), (tag.name, name)
    return page


async def test_stored_text_is_inert_in_every_field(edge: EdgeUnderTest) -> None:
    poisoned_book(edge)
    page = assert_inert((await edge.client.get("/billing?from=2026-11-19&to=2026-11-20")).text)
    assert page.text.count("<script>alert(1)</script>") >= len(FIELDS)
    assert len([tag for tag in page.named("tr") if tag.has("data-version")]) == len(FIELDS) + 2


@pytest.mark.parametrize(
    "name",
    [
        "phoneNumber",
        "text",
        "zone",
        "from",
        "to",
        "days",
        "direction",
        "recordType",
        "status",
        "sort",
        "cursor",
    ],
)
async def test_what_is_asked_for_is_inert_too(edge: EdgeUnderTest, name: str) -> None:
    poisoned_book(edge)
    response = await edge.client.get("/billing", params={name: ATTACK})
    assert response.status_code in {200, 400, 422}
    assert_inert(response.text)


async def test_the_page_loads_nothing_that_is_not_its_own(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/billing")
    policy = response.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert not re.search(r"style=|<style|javascript:|https?://", response.text)
    for tag in Page(response.text).tags:
        assert tag.name != "script" or not tag.text
        for url in (tag.attributes.get("src"), tag.attributes.get("href") if tag.name == "link" else None):
            if url:
                assert (await edge.client.get(url)).status_code == 200


async def test_files_are_kept_for_ever_under_the_name_of_their_content(edge: EdgeUnderTest) -> None:
    page = Page((await edge.client.get("/billing")).text)
    urls = [tag["href"] for tag in page.named("link")] + [tag["src"] for tag in page.named("script")]
    assert len(urls) == 5
    for url in urls:
        assert re.fullmatch(r"/static/[a-z0-9./-]+\?v=[0-9a-f]{12}", url)
        assert (await edge.client.get(url)).headers["cache-control"] == "public, max-age=31536000, immutable"
        for other in (url.split("?")[0], f"{url.split('?')[0]}?v=0123456789ab"):
            response = await edge.client.get(other)
            assert response.headers["cache-control"] == "no-cache"
            again = await edge.client.get(other, headers={"If-None-Match": response.headers["etag"]})
            assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/billing",
        "/billing?zone=nowhere",
        "/billing/records.csv",
        "/api/billing/balance",
        "/nothing",
        "/healthz",
        "/api/telnyx/webhooks/calls",
        "/static/nothing.css",
    ],
)
async def test_every_answer_has_the_security_headers(edge: EdgeUnderTest, path: str) -> None:
    headers = (await edge.client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


async def test_the_root_leads_to_the_page(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/billing")
