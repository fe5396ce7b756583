"""The edge in front of fake services, reached as HTTP without a socket of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from gateway.access import Access
from gateway.app import Edge, build_app
from gateway.backends import open_backends
from gateway.batching import BatchLimits, EventBatcher
from gateway.freshness_watch import FreshnessWatch
from gateway.pages.live_feed import LiveFeed
from gateway.public_keys import PublicKeys
from gateway.signature import read_public_key
from tests.support.clocks import ManualClock
from tests.support.fake_services import Fakes, open_fakes
from tests.support.telnyx_signer import TelnyxSigner

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class EdgeUnderTest:
    """The edge's application, what is behind it, and a client that calls it as localhost."""

    client: httpx.AsyncClient
    fakes: Fakes
    edge: Edge
    clock: ManualClock
    signer: TelnyxSigner

    async def deliver(self, body: bytes, url: str = "/api/telnyx/webhooks/calls") -> httpx.Response:
        """Deliver a webhook as Telnyx would now."""
        return await self.client.post(url, content=body, headers=self.signer.headers(body, self.clock.now()))


@asynccontextmanager
async def open_edge_under_test(
    access: Access | None = None,
    *,
    knows_keys: bool = True,
    ledger_target: str = "",
    limits: BatchLimits | None = None,
) -> AsyncIterator[EdgeUnderTest]:
    """The edge with fakes behind it, or with a ledger of the test's own.

    Without `knows_keys` the fake telnyx-gateway would have to tell them.
    """
    clock = ManualClock()
    signer = TelnyxSigner()
    async with AsyncExitStack() as stack:
        fakes = await stack.enter_async_context(open_fakes())
        targets = replace(fakes.targets, ledger=ledger_target or fakes.targets.ledger)
        backends = await stack.enter_async_context(open_backends(targets))
        configured = [read_public_key(signer.public_key)] if knows_keys else []
        keys = PublicKeys(configured, backends.fetch_public_keys, clock)
        batcher = EventBatcher(backends.record_events, limits)
        feed = LiveFeed(backends.watch_charges)
        watch = FreshnessWatch(backends.onlooker.look, clock)
        edge = Edge(backends, keys, batcher, access or Access(), clock, feed, watch)
        transport = httpx.ASGITransport(build_app(edge), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
            yield EdgeUnderTest(client, fakes, edge, clock, signer)


def exact_json(response: httpx.Response) -> Any:
    """The body with every number that has a fraction as a Decimal."""
    return _DECODER.decode(response.content)
