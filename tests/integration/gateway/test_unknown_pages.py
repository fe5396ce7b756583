"""An address under /billing that is no page is told as a page; anything else stays a problem document."""

import httpx

from tests.support.edge import EdgeUnderTest


async def test_an_unknown_page_is_told_as_a_page(edge: EdgeUnderTest) -> None:
    answer = await edge.client.get("/billing/nothing/here")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.headers["content-type"].startswith("text/html")
    assert "there is no such page" in answer.text
    assert 'href="/billing"' in answer.text


async def test_an_unknown_endpoint_is_told_as_a_problem(edge: EdgeUnderTest) -> None:
    answer = await edge.client.get("/api/billing/nothing")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.headers["content-type"] == "application/problem+json"
