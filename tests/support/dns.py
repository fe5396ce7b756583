"""A name server of one name, so that a test can give that name another address."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from typing import cast

_HEADER = struct.Struct(">HHHHHH")
_RESPONSE, _RECURSION = 0x8400, 0x0080
_TYPE_A, _CLASS_IN, _TTL_S = 1, 1, 0
_NAME_OF_THE_QUESTION = 0xC00C


class NameServer(asyncio.DatagramProtocol):
    """Answers every question for an IPv4 address with `address`, all others with nothing."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.question_count = 0
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        if self._transport is None:
            raise RuntimeError("the name server does not listen yet")
        return int(self._transport.get_extra_info("sockname")[1])

    def target(self, port: int) -> str:
        """A gRPC target that is resolved here."""
        return f"dns://127.0.0.1:{self.port}/ledger.test:{port}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Called by the loop."""
        if self._transport is None:
            return
        number, flags, *_ = _HEADER.unpack_from(data)
        name_end = data.index(b"\0", _HEADER.size) + 1
        question = data[_HEADER.size : name_end + 4]
        (asked_type,) = struct.unpack_from(">H", data, name_end)
        self.question_count += 1
        answers = b""
        if asked_type == _TYPE_A:
            packed = IPv4Address(self.address).packed
            head = struct.pack(">HHHIH", _NAME_OF_THE_QUESTION, _TYPE_A, _CLASS_IN, _TTL_S, len(packed))
            answers = head + packed
        head = _HEADER.pack(number, _RESPONSE | _RECURSION | (flags & 0x0100), 1, bool(answers), 0, 0)
        self._transport.sendto(head + question + answers, addr)


@asynccontextmanager
async def open_name_server(address: str) -> AsyncIterator[NameServer]:
    """A name server on a free port of 127.0.0.1 while the context is open."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(address), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()
