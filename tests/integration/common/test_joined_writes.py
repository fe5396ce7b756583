"""Answers leave in one piece, in order, and whole, whatever they are made of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.types import Receive, Scope, Send

from services.common.addresses import Address, bind_tcp
from services.common.http_server import open_http_server
from services.common.joined_writes import JoiningTransport


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """The path says what of: how many chunks of how many bytes each, beginning like a head where asked to."""
    _, count, size, look = scope["path"].split("/")
    chunk = (b"HTTP/1.1 200 OK\r\n" if look == "head" else b"").ljust(int(size), b"x")
    headers = [(b"content-length", str(int(count) * int(size)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number in range(int(count)):
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": chunk, "more_body": number + 1 < int(count)})
    if count == "0":
        await send({"type": "http.response.body"})


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    with bind_tcp(Address("127.0.0.1", 0), "TEST_PORT") as listener:
        async with open_http_server(answers, listener):
            yield listener.getsockname()[1]


async def test_whatever_an_answer_is_made_of_it_arrives_as_it_is() -> None:
    async with served() as port, httpx.AsyncClient(trust_env=False) as client:
        for count, size, look in ((0, 0, ""), (1, 3, ""), (3, 100_000, ""), (3, 20, "head"), (1, 17, "head")):
            url = f"http://127.0.0.1:{port}/{count}/{size}/{look}"
            chunk = (b"HTTP/1.1 200 OK\r\n" if look else b"").ljust(size, b"x")
            assert (await client.get(url)).content == chunk * count
            head = await client.head(url)
            assert (head.status_code, head.content) == (200, b"")


async def test_several_requests_at_once_are_answered_one_after_the_other() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asked = [f"GET /{count}/4/ HTTP/1.1\r\nhost: x\r\n" for count in (1, 0, 2)]
        writer.write("\r\n".join([*asked[:2], f"{asked[2]}connection: close\r\n", ""]).encode())
        answered = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answered.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert [part.partition(b"\r\n\r\n")[2] for part in answered.split(b"HTTP/1.1 ")[1:]] == [
        b"xxxx",
        b"",
        b"xxxxxxxx",
    ]


class Written:
    """Stands in for a transport; keeps what was handed to the operating system at once."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.pieces.append(b"".join(pieces))

    def close(self) -> None:
        self.pieces.append(b"closed")


async def test_a_head_waits_for_its_body_and_no_longer_than_a_turn_of_the_loop() -> None:
    written = Written()
    transport = JoiningTransport(written, asyncio.get_running_loop())  # type: ignore[arg-type]
    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    transport.write(b"body")
    transport.write(b"more")
    assert written.pieces == [b"HTTP/1.1 200 OK\r\n\r\nbody", b"more"]
    transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert len(written.pieces) == 2
    await asyncio.sleep(0)
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    transport.close()
    assert written.pieces[2:] == [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"closed",
    ]
