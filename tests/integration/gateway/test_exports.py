"""Exports over the edge's real HTTP server: streamed, broken off where the ledger breaks off, no faster than read."""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.app import build_app
from services.common.addresses import Address, bind_tcp
from services.common.errors import TollbookError
from services.common.http_server import open_http_server
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.waiting import until

EXPORT = "/api/billing/records?export=true"
CHUNK = b"v3:1,call_outbound,+12025550100\r\n" * 8000
MIB = 1024 * 1024


@asynccontextmanager
async def served(edge: EdgeUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    with bind_tcp(Address("127.0.0.1", 0), "TEST_PORT") as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            open_http_server(build_app(edge.edge), listener),
            httpx.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            yield client


@pytest.fixture
async def http() -> AsyncIterator[tuple[httpx.AsyncClient, EdgeUnderTest]]:
    async with open_edge_under_test() as edge, served(edge) as client:
        yield client, edge


Http = tuple[httpx.AsyncClient, EdgeUnderTest]


class EndlessChunks:
    """Lines without end; `given` chunks of them were asked for."""

    def __init__(self) -> None:
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.given += 1
            yield CHUNK

    async def wait_until_nobody_asks(self) -> int:
        """How many were given when that number did not grow any more."""
        counts = [-1]

        def has_stopped() -> bool:
            counts.append(self.given)
            return len(counts) > 20 and len(set(counts[-20:])) == 1

        await until(has_stopped)
        return self.given


async def test_an_export_streams(http: Http) -> None:
    client, edge = http
    edge.fakes.ledger.exported = [CHUNK] * 3
    async with client.stream("GET", EXPORT) as response:
        assert "content-length" not in response.headers
        assert await response.aread() == CHUNK * 3


async def test_an_export_that_breaks_off_is_no_answer_rather_than_a_short_one(
    http: Http, capsys: pytest.CaptureFixture[str]
) -> None:
    client, edge = http
    edge.fakes.ledger.exported = [CHUNK, CHUNK, TollbookError("the book burns")]
    seen = b""
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        async with client.stream("GET", EXPORT) as response:
            assert response.status_code == 200
            async for piece in response.aiter_bytes():
                seen += piece
    assert (CHUNK * 2).startswith(seen)
    assert "export.broken_off" in capsys.readouterr().out


async def test_an_export_without_end_takes_no_more_memory_the_longer_it_is(http: Http) -> None:
    client, edge = http
    edge.fakes.ledger.exported = EndlessChunks()
    held_bytes: dict[int, int] = {}
    seen_bytes = 0
    tracemalloc.start()
    try:
        async with client.stream("GET", EXPORT) as response:
            async for piece in response.aiter_bytes():
                seen_bytes += len(piece)
                if seen_bytes > 60 * MIB:
                    break
                held_bytes[seen_bytes // (10 * MIB)] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held_bytes[5] - held_bytes[1] < 4 * MIB


async def test_an_export_is_made_no_faster_than_it_is_read(http: Http) -> None:
    client, edge = http
    edge.fakes.ledger.exported = chunks = EndlessChunks()
    async with client.stream("GET", EXPORT) as response:
        pieces = response.aiter_bytes()
        await anext(pieces)
        # What the sockets and windows between the ledger and a client that stopped reading can hold.
        assert 0 < await chunks.wait_until_nobody_asks() * len(CHUNK) < 64 * MIB
        waiting = chunks.given
        for _ in range(1000):
            await anext(pieces)
        await until(lambda: chunks.given > waiting)


async def test_an_export_ends_when_nobody_reads_it_any_longer(http: Http) -> None:
    client, edge = http
    edge.fakes.ledger.exported = chunks = EndlessChunks()
    ended = edge.fakes.ledger.ended
    async with client.stream("GET", EXPORT) as response:
        await anext(response.aiter_bytes())
    await until(lambda: "ExportCharges" in ended)
    assert chunks.given > 0
