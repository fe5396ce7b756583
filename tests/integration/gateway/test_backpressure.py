"""When the ledger is slow or away: reads give way first, what waits is bounded, and all is well once it is back."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

import gateway.bodies
from gateway.batching import BatchLimits
from gateway.unfinished_bodies import UnfinishedBodies
from services.common.addresses import Address
from services.common.server import Endpoint, open_server
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.fake_services import FakeLedger
from tests.support.ports import free_port
from tests.support.waiting import until
from tollbook.ledger.v1 import ledger_pb2_grpc

READS = ["/api/billing/records", "/api/billing/summary", "/api/billing/jobs", "/api/billing/calls/x"]
PAGES = ["/billing", "/billing/records.csv", "/billing/calls/x", "/billing/audit", "/billing/statement"]
OVERLOAD = 5


def body_of(event_id: str, size_bytes: int = 0) -> bytes:
    return json.dumps(
        {"data": {"id": event_id, "event_type": "call.hangup", "filling": "x" * size_bytes}}
    ).encode()


def deliver_all(edge: EdgeUnderTest, bodies: Sequence[bytes]) -> list[asyncio.Task[httpx.Response]]:
    return [asyncio.create_task(edge.deliver(body)) for body in bodies]


async def test_reads_give_way_while_webhooks_wait_for_the_ledger() -> None:
    async with open_edge_under_test(limits=BatchLimits(behind_s=0.001)) as edge:
        ledger = edge.fakes.ledger
        ledger.commits_when.clear()
        [delivery] = deliver_all(edge, [body_of("e1")])
        await until(lambda: "RecordEvents" in ledger.requests and edge.edge.batcher.is_behind)
        for url in READS:
            response = await edge.client.get(url)
            assert (response.status_code, response.headers["content-type"]) == (
                503,
                "application/problem+json",
            )
            assert int(response.headers["retry-after"]) > 0
            assert "webhooks" in response.json()["error"]
        for url in PAGES:
            response = await edge.client.get(url)
            assert (response.status_code, response.headers["content-type"][:9]) == (503, "text/html")
            assert int(response.headers["retry-after"]) > 0
            assert "webhooks are waiting for the ledger" in response.text
        assert (await edge.client.get("/healthz")).status_code == 200
        assert set(ledger.requests) == {"RecordEvents"}
        ledger.commits_when.set()
        assert (await delivery).status_code == 200
        assert (await edge.client.get(READS[0])).status_code == 200


async def test_of_an_overload_what_can_be_kept_is_kept_and_the_rest_told_to_come_again() -> None:
    limits = BatchLimits(waiting_events=40, further_call_events=16)
    async with open_edge_under_test(limits=limits) as edge:
        ledger = edge.fakes.ledger
        ledger.commits_when.clear()
        deliveries = deliver_all(edge, [body_of(f"e{number}") for number in range(OVERLOAD * 40)])
        await until(lambda: Counter(each.done() for each in deliveries)[True] > 0)
        refused = [(await each) for each in deliveries if each.done()]
        assert {each.status_code for each in refused} == {503}
        assert all(int(each.headers["retry-after"]) > 0 for each in refused)
        ledger.commits_when.set()
        statuses = Counter([(await each).status_code for each in deliveries])
        assert set(statuses) == {200, 503}
        assert statuses[200] == len(ledger.events)
        assert statuses[503] == len(deliveries) - len(ledger.events)
        # Two calls in flight, and what waits for them.
        assert statuses[200] <= 2 * limits.batch_events + limits.waiting_events


async def test_what_waits_is_bounded_in_bytes_too() -> None:
    limits = BatchLimits(waiting_bytes=64 * 1024, further_call_events=1000)
    async with open_edge_under_test(limits=limits) as edge:
        ledger = edge.fakes.ledger
        ledger.commits_when.clear()
        [first] = deliver_all(edge, [body_of("first")])
        await until(lambda: "RecordEvents" in ledger.requests)
        deliveries = deliver_all(edge, [body_of(f"e{number}", 16 * 1024) for number in range(OVERLOAD * 4)])
        await until(lambda: Counter(each.done() for each in deliveries)[True] == len(deliveries) - 3)
        ledger.commits_when.set()
        assert (await first).status_code == 200
        assert Counter([(await each).status_code for each in deliveries]) == {
            200: 3,
            503: len(deliveries) - 3,
        }


async def test_a_ledger_that_was_away_is_found_again() -> None:
    port = free_port()
    limits = BatchLimits(patience_s=0.05, behind_s=0.001)
    async with open_edge_under_test(ledger_target=f"127.0.0.1:{port}", limits=limits) as edge:
        refused = await edge.deliver(body_of("e1"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        ledger = FakeLedger()  # type: ignore[abstract]
        endpoint = Endpoint(
            listen=Address("127.0.0.1", port),
            listen_variable="TEST_LISTEN",
            service_names=("tollbook.ledger.v1.LedgerService",),
            add_servicers=lambda server: ledger_pb2_grpc.add_LedgerServiceServicer_to_server(ledger, server),
        )
        async with open_server(endpoint):
            statuses = [503]
            while statuses[-1] == 503:
                statuses.append((await edge.deliver(body_of("e1"))).status_code)
            assert statuses[-1] == 200
            assert {event.event_id for event in ledger.events} == {"e1"}
            await until(lambda: not edge.edge.batcher.is_behind)
            assert (await edge.client.get(READS[0])).status_code == 200


async def test_bodies_that_come_in_pieces_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_edge_under_test() as edge:
        unfinished = UnfinishedBodies(20)
        monkeypatch.setattr(gateway.bodies, "_UNFINISHED", unfinished)
        body = body_of("e1")

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 5):
                yield body[start : start + 5]

        headers = edge.signer.headers(body, edge.clock.now())
        refused = await edge.client.post("/api/telnyx/webhooks/calls", content=pieces(), headers=headers)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert unfinished.held_bytes == 0
        assert edge.fakes.ledger.requests == {}
