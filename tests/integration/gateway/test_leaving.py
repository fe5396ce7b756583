"""How an edge ends: not ready first, then it takes what still comes for a while, and nobody is left unanswered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from gateway.__main__ import serve
from gateway.settings import GatewaySettings
from tests.support.fake_services import Fakes, open_fakes
from tests.support.ports import free_port
from tests.support.telnyx_signer import TelnyxSigner
from tests.support.waiting import until

WEBHOOKS = "/api/telnyx/webhooks/calls"
LAME_DUCK_S = 60.0
"""Longer than any test of it takes."""


@dataclass
class LeavingEdge:
    """A whole edge in the test's own process, seen by a balancer."""

    fakes: Fakes
    signer: TelnyxSigner
    serving: "asyncio.Task[None]"
    stop: asyncio.Event
    http: httpx.AsyncClient
    """Keeps its connections."""
    admin: httpx.AsyncClient

    async def deliver(self, name: str) -> httpx.Response:
        body = f'{{"data": {{"event_type": "call.hangup", "id": "{name}"}}}}'.encode()
        return await self.http.post(
            WEBHOOKS, content=body, headers=self.signer.headers(body, datetime.now(UTC)), timeout=30
        )

    async def is_ready(self) -> bool:
        try:
            return (await self.admin.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    async def until_ready(self, *, is_ready: bool) -> None:
        async with asyncio.timeout(20):
            while await self.is_ready() is not is_ready:
                pass


def _client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)


@asynccontextmanager
async def open_leaving_edge(lame_duck_s: float, *, has_keys: bool = True) -> AsyncIterator[LeavingEdge]:
    signer, stop = TelnyxSigner(), asyncio.Event()
    edge_port, admin_port = free_port(), free_port()
    async with AsyncExitStack() as stack:
        fakes = await stack.enter_async_context(open_fakes())
        settings = GatewaySettings(
            _env_file=None,
            gateway_port=edge_port,
            gateway_admin_listen=f"127.0.0.1:{admin_port}",
            gateway_lame_duck_seconds=lame_duck_s,
            ledger_target=fakes.targets.ledger,
            telnyx_gateway_target=fakes.targets.telnyx_gateway,
            reconciler_target=fakes.targets.reconciler,
            telnyx_public_key=(signer.public_key,) if has_keys else (),
        )
        http = await stack.enter_async_context(_client(edge_port))
        admin = await stack.enter_async_context(_client(admin_port))
        serving = asyncio.create_task(serve(settings, stop))
        try:
            yield LeavingEdge(fakes, signer, serving, stop, http, admin)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def test_what_comes_after_the_signal_is_taken_over_connections_that_end_with_it() -> None:
    async with open_leaving_edge(LAME_DUCK_S) as edge:
        await edge.until_ready(is_ready=True)
        before = await edge.deliver("before")
        assert (before.status_code, before.headers.get("connection")) == (200, None)
        edge.fakes.ledger.commits_when.clear()
        in_flight = asyncio.create_task(edge.deliver("in flight"))
        await until(lambda: len(edge.fakes.ledger.requests["RecordEvents"]) == 2)
        edge.stop.set()
        await edge.until_ready(is_ready=False)
        told = await edge.http.get("/readyz")
        assert (told.status_code, told.json()["checks"]["staying"]) == (503, False)
        edge.fakes.ledger.commits_when.set()
        for answer in (await in_flight, await edge.deliver("after"), await edge.deliver("later")):
            assert (answer.status_code, answer.headers.get("connection")) == (200, "close")
        assert [event.event_id for event in edge.fakes.ledger.events] == [
            "before",
            "in flight",
            "after",
            "later",
        ]
        assert not edge.serving.done()


async def test_it_ends_when_that_time_is_over() -> None:
    async with open_leaving_edge(0.05) as edge:
        await edge.until_ready(is_ready=True)
        edge.stop.set()
        async with asyncio.timeout(20):
            await edge.serving


async def test_who_waits_for_a_ledger_that_is_away_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.__main__._LAST_PATIENCE_S", 0.05)
    async with open_leaving_edge(0.0) as edge:
        await edge.until_ready(is_ready=True)
        edge.fakes.ledger.commits_when.clear()
        waiting = asyncio.create_task(edge.deliver("in vain"))
        await until(lambda: "RecordEvents" in edge.fakes.ledger.requests)
        edge.stop.set()
        answer = await waiting
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        async with asyncio.timeout(20):
            await edge.serving


async def test_it_is_not_ready_before_it_can_verify_a_webhook() -> None:
    async with open_leaving_edge(0.0, has_keys=False) as edge:
        async with asyncio.timeout(20):
            while "GetPublicKeys" not in edge.fakes.telnyx.requests:
                await edge.is_ready()
        assert not await edge.is_ready()
        edge.fakes.telnyx.public_keys = [edge.signer.public_key]
        await edge.until_ready(is_ready=True)
        assert (await edge.deliver("first")).status_code == 200
