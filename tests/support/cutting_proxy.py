"""Stands between a program and its PostgreSQL, and cuts connections where it hurts most: around the commit.

    with cutting_proxy(url) as proxy:
        database = open_database(proxy.url(url))
        proxy.cut_share = 0.3
        ...
        proxy.cut_share = 0.0
        assert proxy.cut_count("answer_lost") > 0

Only transactions that have written something count: of the others a commit says nothing.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Literal, get_args
from urllib.parse import urlsplit

from tests.support.postgres_messages import MessageReader, is_commit, is_idle, is_ready, says_written

CutKind = Literal["never_sent", "in_flight", "answer_lost"]
"""The commit never reaches the server; it does, and nobody knows when; it is carried out, and nobody learns of it."""

CUT_KINDS: tuple[CutKind, ...] = get_args(CutKind)

_CHUNK_BYTES = 65_536
_START_TIMEOUT_S = 10.0


@dataclass
class CuttingProxy:
    """`cut_share`: of the commits of what was written, by chance. `wanted`: cuts of the next ones, in order."""

    server_port: int
    random: Random
    port: int = 0
    cut_share: float = 0.0
    wanted: list[CutKind] = field(default_factory=list)
    commit_count: int = 0
    is_mute: bool = False
    """Nothing comes through any more, and nobody hangs up: a machine that has frozen."""
    is_away: bool = False
    """Nobody is let in: a server that is being restarted."""
    refused_count: int = 0
    _cuts: Counter[CutKind] = field(default_factory=Counter)

    def url(self, direct_url: str) -> str:
        """The same database by way of here, in words that can be read."""
        through = direct_url.replace(f":{self.server_port}/", f":{self.port}/")
        return f"{through}?sslmode=disable&gssencmode=disable"

    def cut_count(self, *kinds: CutKind) -> int:
        """How many connections were cut so; of all kinds if none is named."""
        return sum(self._cuts[kind] for kind in kinds or CUT_KINDS)

    def choose_cut(self) -> CutKind | None:
        """What becomes of the commit that has just come by."""
        self.commit_count += 1
        if self.wanted:
            kind = self.wanted.pop(0)
        elif self.random.random() < self.cut_share:
            kind = self.random.choice(CUT_KINDS)
        else:
            return None
        self._cuts[kind] += 1
        return kind

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, until either side ends it or it is cut."""
        try:
            if self.is_away:
                self.refused_count += 1
                return
            with suppress(OSError):
                to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
                await _Connection(self, reader, writer, *to_server).run()
        finally:
            writer.transport.abort()


@dataclass(eq=False)
class _Connection:
    proxy: CuttingProxy
    from_client: asyncio.StreamReader
    to_client: asyncio.StreamWriter
    from_server: asyncio.StreamReader
    to_server: asyncio.StreamWriter
    has_written: bool = False
    answer_is_lost: bool = False

    async def run(self) -> None:
        pumps = [asyncio.create_task(self._forward()), asyncio.create_task(self._answer())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            # What was handed on before the cut still arrives.
            self.to_server.close()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _forward(self) -> None:
        """What the client says, up to the cut."""
        messages = MessageReader(begins_without_type=True)
        while data := await self._read(self.from_client):
            for kind, message in messages.take(data):
                if self.has_written and is_commit(kind, message):
                    self.has_written = False
                    match self.proxy.choose_cut():
                        case "never_sent":
                            return
                        case "in_flight":
                            self.to_server.write(message)
                            await self.to_server.drain()
                            return
                        case "answer_lost":
                            self.answer_is_lost = True
                        case None:
                            pass
                self.to_server.write(message)
            await self.to_server.drain()

    async def _answer(self) -> None:
        """What the server says, but for an answer that is to be lost."""
        messages = MessageReader(begins_without_type=False)
        while data := await self._read(self.from_server):
            for kind, message in messages.take(data):
                self.has_written = says_written(kind, message) or (
                    self.has_written and not is_idle(kind, message)
                )
                if not self.answer_is_lost:
                    self.to_client.write(message)
                elif is_ready(kind):
                    return
            await self.to_client.drain()

    async def _read(self, source: asyncio.StreamReader) -> bytes:
        try:
            data = await source.read(_CHUNK_BYTES)
        except ConnectionError:
            return b""
        while self.proxy.is_mute:  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.01)
        return data


@contextmanager
def cutting_proxy(server_url: str, seed: int = 0) -> Iterator[CuttingProxy]:
    """A proxy to the server of this URL that lets everything through until told otherwise, in a thread of its own."""
    server_port = urlsplit(server_url).port
    if server_port is None:
        raise ValueError("the URL of a test's database names its port")
    proxy = CuttingProxy(server_port, Random(seed))
    is_up, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(proxy, is_up, stop)), name="cutting-proxy")
    thread.start()
    try:
        if not is_up.wait(_START_TIMEOUT_S):
            raise RuntimeError("the proxy did not start")
        yield proxy
    finally:
        stop.set()
        thread.join()


async def _serve(proxy: CuttingProxy, is_up: threading.Event, stop: threading.Event) -> None:
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    is_up.set()
    while not stop.is_set():  # noqa: ASYNC110 - it is set by another thread
        await asyncio.sleep(0.02)
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
