"""An edge in front of fake services, every answer of which is held against the OpenAPI document."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.rest_contract import assert_as_documented


async def _hold_against_the_document(response: httpx.Response) -> None:
    await response.aread()
    assert_as_documented(response)


@pytest.fixture
async def edge() -> AsyncIterator[EdgeUnderTest]:
    """The edge as it is without API_KEYS, with Telnyx's key known."""
    async with open_edge_under_test() as opened:
        opened.client.event_hooks["response"].append(_hold_against_the_document)
        yield opened
