"""The banner of what has stopped: quiet, on the pages that people look at, with what to do."""

from datetime import timedelta

import pytest

from services.common.errors import Unavailable
from services.common.freshness.symptom import Symptom
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page

PAGES = ("/billing", "/billing/audit", "/billing/statement")


async def _banners(edge: EdgeUnderTest, address: str) -> list[str]:
    response = await edge.client.get(address)
    assert response.status_code == 200, response.text
    return [element.text for element in Page(response.text).with_class("stopped")]


def _stop(edge: EdgeUnderTest, *names: str) -> None:
    since = edge.clock.now() - timedelta(minutes=8)
    edge.edge.watch.symptoms = tuple(
        Symptom(name, since, f"It is {name} & so.", "Restart <it>.") for name in names
    )


@pytest.mark.parametrize("address", PAGES)
async def test_no_banner_while_all_goes_on(edge: EdgeUnderTest, address: str) -> None:
    assert await _banners(edge, address) == []


@pytest.mark.parametrize("address", PAGES)
async def test_what_has_stopped_is_said_with_what_to_do(edge: EdgeUnderTest, address: str) -> None:
    _stop(edge, "one", "two")
    said = [f"It is {name} & so. Restart <it>. Since 2026-11-22 11:52 ." for name in ("one", "two")]
    assert await _banners(edge, address) == [" ".join(said)]


@pytest.mark.parametrize("address", PAGES)
async def test_since_when_is_told_in_the_zone_of_the_page(edge: EdgeUnderTest, address: str) -> None:
    _stop(edge, "one")
    [banner] = await _banners(edge, f"{address}?zone=Asia/Tokyo")
    assert "Since 2026-11-22 20:52" in banner


async def test_a_book_that_cannot_be_read_is_said_once(edge: EdgeUnderTest) -> None:
    for method in ("ListCharges", "Summarize"):
        edge.fakes.ledger.errors[method] = Unavailable("the ledger is away")
    _stop(edge, "ledger_silent")
    assert await _banners(edge, "/billing") == []
