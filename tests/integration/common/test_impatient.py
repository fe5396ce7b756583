"""Connections on which nothing is asked are ended; those that ask are not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from services.common import impatient
from services.common.addresses import Address, bind_tcp
from services.common.http_server import open_http_server

PATIENCE_S = 20.0
REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def slow_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers after a while."""
    del scope, receive
    await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    listener = bind_tcp(Address("127.0.0.1", 0), "TEST")
    async with open_http_server(slow_app, listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), PATIENCE_S)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "HEAD_S", 0.2)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nhost:"])
async def test_who_does_not_come_to_the_point_is_cut_off(said: bytes) -> None:
    async with connection() as (reader, writer):
        writer.write(said)
        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""


async def test_who_asks_is_answered_and_cut_off_in_the_middle_of_another_question() -> None:
    async with connection() as (reader, writer):
        for _ in range(2):
            writer.write(REQUEST)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            assert answer.startswith(b"HTTP/1.1 204")
        writer.write(REQUEST[:-2])
        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
