"""A simple load balancer: asks each backend whether it is ready, keeps connections open, and repeats nothing.

What a backend does not answer is answered 502 and counted, so that whoever sends through it sees every fault.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHECK_S = 0.1
_CHECK_TIMEOUT_S = 5.0
_HEAD_END = b"\r\n\r\n"
_CHECK = b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
_HOST = "127.0.0.1"


class BackendFailed(Exception):
    """A backend did not answer a request that was sent to it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer, with a body of known length."""

    head: bytes
    body: bytes

    @property
    def ends_connection(self) -> bool:
        """Whether it says so."""
        return b"\r\nconnection: close" in self.head.lower()


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def is_usable(self) -> bool:
        return not (self.reader.at_eof() or self.writer.is_closing())

    def close(self) -> None:
        self.writer.close()


@dataclass(slots=True)
class Backend:
    """Where one takes requests, and where it says that it is ready."""

    port: int
    admin_port: int
    is_ready: bool = False
    answered_count: int = 0
    _idle: list[_Connection] = field(default_factory=list)

    async def keep_checking(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            self.is_ready = await self._says_ready()
            await asyncio.sleep(CHECK_S)

    async def answer_to(self, request: Message) -> Message:
        """Hand a request over. Raises BackendFailed."""
        try:
            connection = await self._connection()
        except OSError as error:
            raise BackendFailed(f"{type(error).__name__}: {error}") from error
        try:
            connection.writer.write(request.head + request.body)
            answer = await read_message(connection.reader)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError | EOFError):
                raise BackendFailed(f"{type(error).__name__}: {error}") from error
            raise
        self.answered_count += 1
        if answer.ends_connection:
            connection.close()
        else:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.close()
        return _Connection(*await asyncio.open_connection(_HOST, self.port))

    async def _says_ready(self) -> bool:
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(_HOST, self.admin_port)
                writer.write(_CHECK)
                status = await reader.readline()
                writer.close()
        except (OSError, TimeoutError):
            return False
        return b" 200 " in status


class Balancer:
    """Gives each request to the next backend that is ready."""

    def __init__(self, backends: list[Backend]) -> None:
        self.backends = backends
        self.faults: list[str] = []
        self._turns = itertools.count()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def is_ready(self) -> bool:
        """Whether all backends are."""
        return all(backend.is_ready for backend in self.backends)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one sender until it hangs up."""
        task: asyncio.Task[None] | None = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        try:
            with suppress(EOFError, OSError):
                while True:
                    answer = await self._answer_to(await read_message(reader))
                    writer.write(answer.head + answer.body)
                    await writer.drain()
        finally:
            writer.close()

    async def hang_up(self) -> None:
        """End every connection of a sender."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _answer_to(self, request: Message) -> Message:
        ready = [backend for backend in self.backends if backend.is_ready]
        if not ready:
            return self._failed("no backend is ready")
        try:
            answer = await ready[next(self._turns) % len(ready)].answer_to(request)
        except BackendFailed as error:
            return self._failed(str(error))
        # How long a connection lasts is each side's own business.
        lines = [line for line in answer.head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
        return Message(b"\r\n".join(lines), answer.body)

    def _failed(self, fault: str) -> Message:
        self.faults.append(fault)
        return Message(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0" + _HEAD_END, b"")


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next request or answer. Raises EOFError when there is none, or not all of it."""
    head = await reader.readuntil(_HEAD_END)
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return Message(head, await reader.readexactly(length))


@asynccontextmanager
async def open_balancer(backends: list[Backend], port: int = 0) -> AsyncIterator[tuple[Balancer, int]]:
    """A balancer and its port (0 picks a free one), checking its backends while the context is open."""
    balancer = Balancer(backends)
    server = await asyncio.start_server(balancer.serve, _HOST, port)
    checks = [asyncio.create_task(backend.keep_checking()) for backend in backends]
    try:
        yield balancer, server.sockets[0].getsockname()[1]
    finally:
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)
        server.close()
        await balancer.hang_up()
        for backend in backends:
            backend.close()
        # What is closed is gone one turn of the loop later.
        await asyncio.sleep(0)
