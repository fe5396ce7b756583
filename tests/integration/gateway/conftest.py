"""An edge in front of fake services for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.support.edge import EdgeUnderTest, open_edge_under_test


@pytest.fixture
async def edge() -> AsyncIterator[EdgeUnderTest]:
    """The edge as it is without API_KEYS, with Telnyx's key known."""
    async with open_edge_under_test() as opened:
        yield opened
