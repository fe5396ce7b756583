"""A relay on loopback that reads along which HTTP/2 frames pass: the pings of both ends, and who hangs up on whom."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PING, GOAWAY = 6, 7
_PREFACE_BYTES = 24
_HEAD_BYTES = 9
_ACKNOWLEDGED = 1


@dataclass(slots=True)
class FrameRelay:
    """What was sent each way; pings that only answer one are not counted."""

    from_client: Counter[int] = field(default_factory=Counter)
    from_server: Counter[int] = field(default_factory=Counter)


@asynccontextmanager
async def open_frame_relay(port: int) -> AsyncIterator[tuple[FrameRelay, int]]:
    """A relay to a port of 127.0.0.1, and its own port."""
    relay = FrameRelay()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", port)
        preface = await reader.readexactly(_PREFACE_BYTES)
        onward_writer.write(preface)
        for source, sink, seen in (
            (reader, onward_writer, relay.from_client),
            (onward_reader, writer, relay.from_server),
        ):
            tasks.add(asyncio.create_task(_pass_on(source, sink, seen)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield relay, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen: Counter[int]) -> None:
    try:
        while True:
            head = await source.readexactly(_HEAD_BYTES)
            kind, flags = head[3], head[4]
            if not (kind == PING and flags & _ACKNOWLEDGED):
                seen[kind] += 1
            sink.write(head + await source.readexactly(int.from_bytes(head[:3], "big")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        sink.close()
