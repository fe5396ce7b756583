"""The button "fetch now": who may press it, what it asks, and what is told of it afterwards."""

import base64
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gateway.access import Access
from gateway.api_keys import parse_api_keys
from services.common.errors import (
    NotFound,
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)
from tests.support.call_stories import CALL_ID, tell_of_settled_call, tell_of_waiting_call
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.page_reader import Page
from tollbook.reconciler.v1 import reconciler_pb2

URL = "/billing/fetch-call-cost"
OWN = {"Sec-Fetch-Site": "same-origin"}
KEYS = parse_api_keys("reader:read:reader-key-0123456,desk:read+reconcile:desk-key-01234567")


async def press(edge: EdgeUnderTest, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    data = {"callControlId": CALL_ID, **fields}
    return await edge.client.post(URL, data=data, headers=OWN if headers is None else headers)


async def page_after(edge: EdgeUnderTest, response: httpx.Response) -> Page:
    assert response.status_code == 303
    return Page((await edge.client.get(response.headers["location"])).text)


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"any:{key}".encode()).decode()}


async def test_the_press_leads_back_to_the_page_which_tells_what_came_of_it(edge: EdgeUnderTest) -> None:
    tell_of_waiting_call(edge.fakes)
    edge.fakes.reconciler.fetched = reconciler_pb2.FetchCallCostResponse(
        call_id=CALL_ID, should_retry=True, message="Telnyx has not published yet: recording"
    )
    response = await press(edge, back="recordType=call", zone="Europe/Berlin")
    address = urlsplit(response.headers["location"])
    assert (address.scheme, address.netloc, address.path) == ("", "", f"/billing/calls/{CALL_ID}")
    assert {name: value for name, (value,) in parse_qs(address.query).items()} == {
        "back": "recordType=call",
        "zone": "Europe/Berlin",
        "outcome": "waiting",
        "asked": str(int(edge.clock.now().timestamp())),
    }
    page = await page_after(edge, response)
    told = page["outcome"].text
    assert told.startswith("Telnyx was asked, and has not billed all of it yet.")
    assert told.endswith("Asked at 13:00:00.")
    (request,) = edge.fakes.reconciler.requests["FetchCallCost"]
    assert isinstance(request, reconciler_pb2.FetchCallCostRequest)
    assert request.call_id == CALL_ID
    # The page goes on telling it while it follows the book, and stops once it is old news.
    assert "outcome=waiting" in page["book"]["hx-get"]
    edge.clock.advance(601)
    old = Page((await edge.client.get(response.headers["location"])).text)
    assert (old["outcome"].text, "outcome=" in old["book"]["hx-get"]) == ("", False)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (reconciler_pb2.FetchCallCostResponse(call_id=CALL_ID, settled=True), "the cost is exact"),
        (reconciler_pb2.FetchCallCostResponse(call_id=CALL_ID), "an amount that cannot be read"),
    ],
)
async def test_what_the_reconciler_answers(
    edge: EdgeUnderTest, answer: reconciler_pb2.FetchCallCostResponse, sentence: str
) -> None:
    tell_of_settled_call(edge.fakes)
    edge.fakes.reconciler.fetched = answer
    assert sentence in (await page_after(edge, await press(edge)))["outcome"].text


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotFound("x"), "Neither the book nor Telnyx knows a call of this id."),
        (QuotaExhausted("x", retry_after_s=30), "Telnyx answers no more requests this minute."),
        (TelnyxUnreachable("x"), "Telnyx did not answer."),
        (TelnyxRefused("x"), "check TELNYX_API_KEY"),
        (Unavailable("x"), "The reconciler did not answer."),
    ],
)
async def test_why_it_could_not_be_fetched(edge: EdgeUnderTest, error: TollbookError, sentence: str) -> None:
    tell_of_waiting_call(edge.fakes)
    edge.fakes.reconciler.errors["FetchCallCost"] = error
    page = await page_after(edge, await press(edge))
    assert sentence in page["outcome"].text
    assert "$0.0450 estimated" in page.text


async def test_an_unknown_id_that_telnyx_knows_leads_to_its_call(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    edge.fakes.reconciler.fetched = reconciler_pb2.FetchCallCostResponse(call_id=CALL_ID, settled=True)
    response = await press(edge, callControlId=" trunk-1 ")
    assert urlsplit(response.headers["location"]).path == f"/billing/calls/{CALL_ID}"
    (request,) = edge.fakes.reconciler.requests["FetchCallCost"]
    assert isinstance(request, reconciler_pb2.FetchCallCostRequest)
    assert request.call_id == "trunk-1"


async def test_an_id_that_nobody_knows_is_told_on_the_page_that_says_what_to_do(edge: EdgeUnderTest) -> None:
    edge.fakes.reconciler.errors["FetchCallCost"] = NotFound("x")
    page = await page_after(edge, await press(edge, callControlId="v3:nobody"))
    assert "No call is known by this id" in page.text
    assert "Neither the book nor Telnyx" in page["outcome"].text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_cannot_press_it(edge: EdgeUnderTest, headers: dict[str, str]) -> None:
    response = await press(edge, headers)
    assert response.status_code == 403
    assert "only taken from Tollbook's own pages" in Page(response.text).text
    assert "FetchCallCost" not in edge.fakes.reconciler.requests


@pytest.mark.parametrize("headers", [OWN, {"Origin": "http://localhost:3000"}, {}])
async def test_our_own_pages_and_programs_can(edge: EdgeUnderTest, headers: dict[str, str]) -> None:
    assert (await press(edge, headers)).status_code == 303


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"callControlId=", "application/x-www-form-urlencoded", "callControlId : Missing callControlId"),
        (b"", "application/x-www-form-urlencoded", "Missing callControlId"),
        (b"callControlId=" + b"x" * 256, "application/x-www-form-urlencoded", "at most 255 characters"),
        (
            b"callControlId=a%00b",
            "application/x-www-form-urlencoded; charset=utf-8",
            "at most 255 characters",
        ),
        (b"\xff", "application/x-www-form-urlencoded", "the form cannot be read"),
        (b"a=1&" * 9, "application/x-www-form-urlencoded", "the form cannot be read"),
        (b'{"callControlId":"a"}', "application/json", "the body must be a form"),
        (b"callControlId=a", "text/plain", "the body must be a form"),
    ],
)
async def test_what_is_no_such_form_is_refused_as_a_page(
    edge: EdgeUnderTest, body: bytes, content_type: str, words: str
) -> None:
    response = await edge.client.post(URL, content=body, headers={**OWN, "Content-Type": content_type})
    assert response.status_code == 400
    assert words in Page(response.text).text
    assert "FetchCallCost" not in edge.fakes.reconciler.requests


async def test_a_form_that_is_too_large_is_refused(edge: EdgeUnderTest) -> None:
    response = await press(edge, back="x" * 20_000)
    assert response.status_code == 413
    assert response.headers["content-type"].startswith("text/html")


async def test_where_it_leads_back_to_is_always_here(edge: EdgeUnderTest) -> None:
    edge.fakes.reconciler.fetched = reconciler_pb2.FetchCallCostResponse(
        call_id="//evil.example/\r\nSet-Cookie: a=b"
    )
    response = await press(edge, back="https://evil.example/?text=x", zone="https://evil.example")
    location = response.headers["location"]
    assert location.startswith(
        "/billing/calls/%2F%2Fevil.example%2F%0D%0ASet-Cookie:%20a%3Db?zone=https%3A%2F%2F"
    )
    assert "set-cookie" not in response.headers


async def test_a_get_of_the_button_leads_to_the_list(edge: EdgeUnderTest) -> None:
    response = await edge.client.get(URL)
    assert (response.status_code, response.headers["location"]) == (307, "/billing")
    assert "FetchCallCost" not in edge.fakes.reconciler.requests


async def test_a_key_without_the_scope_sees_a_word_in_place_of_the_button() -> None:
    async with open_edge_under_test(Access(keys=KEYS)) as edge:  # type: ignore[arg-type]
        tell_of_waiting_call(edge.fakes)
        page_url = f"/billing/calls/{CALL_ID}"
        seen = {}
        for name in ("reader-key-0123456", "desk-key-01234567"):
            page = Page((await edge.client.get(page_url, headers=basic(name))).text)
            seen[name] = (len(page.named("form")), "needs a key with the scope reconcile" in page.text)
        assert seen == {"reader-key-0123456": (0, True), "desk-key-01234567": (1, False)}
        refused = await press(edge, {**OWN, **basic("reader-key-0123456")})
        assert refused.status_code == 403
        assert "the key 'reader' does not have the scope 'reconcile'" in Page(refused.text).text
        nobody = await press(edge)
        assert (nobody.status_code, nobody.headers["www-authenticate"].split()[0]) == (401, "Basic")
        assert "this needs one of the API_KEYS" in Page(nobody.text).text
        assert "FetchCallCost" not in edge.fakes.reconciler.requests
        assert (await press(edge, {**OWN, **basic("desk-key-01234567")})).status_code == 303


async def test_the_form_serves_with_and_without_javascript(edge: EdgeUnderTest) -> None:
    tell_of_waiting_call(edge.fakes)
    page = Page((await edge.client.get(f"/billing/calls/{CALL_ID}?back=sort%3Dcost&zone=Asia/Tokyo")).text)
    (form,) = page.named("form")
    assert (form["method"], form["action"], form["hx-post"]) == ("post", URL, URL)
    assert (form["hx-select"], form["hx-target"], form["hx-replace-url"]) == ("#book", "#book", "true")
    assert {tag["name"]: tag["value"] for tag in page.named("input")} == {
        "callControlId": CALL_ID,
        "back": "zone=Asia%2FTokyo&sort=cost",
        "zone": "Asia/Tokyo",
    }
    (button,) = page.named("button")
    assert button.text == "Fetch now"
    assert "instead of waiting for the next attempt" in page[button["aria-describedby"]].text
