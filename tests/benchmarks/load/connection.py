"""One keep-alive connection of the load generator: sends a request, waits for the whole answer, sends the next."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"
_REOPEN_S = 0.2
LOST = 0
"""Stands for the status of a request whose connection ended before the answer."""


@dataclass(slots=True)
class Answers:
    """What came back, in the order in which it came; three columns of one length."""

    end_s: list[float] = field(default_factory=list)
    """By the monotonic clock."""
    latency_s: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    refused_without_delay: int = 0
    """503s that did not say when to come back."""
    has_run_out: bool = False
    """There was nothing left to send before the time was over: the pace says nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """What all connections of a run share."""

    requests: Iterator[bytes]
    answers: Answers
    pace_s: float
    """At least so long from one request to the next; 0: at once."""
    is_over: Callable[[], bool]


class Connection(asyncio.Protocol):
    """A well-behaved sender: what is refused with 503 it sends again, when it was told to.

    `request` is what was not taken yet when the connection ended, for the next one to begin with.
    """

    def __init__(self, work: Work, request: bytes) -> None:
        self.request = request
        self.not_before_s = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work = work
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._sent_s = 0.0
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._is_waiting:
            self._note(LOST)
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head_end = received.find(_HEAD_END)
        if head_end < 0 or not _is_whole(received, head_end):
            self._received = received
            return
        self._received = b""
        self._take_answer(int(received[9:12]), received[:head_end])

    def _take_answer(self, status: int, head: bytes) -> None:
        self._note(status)
        if status == 503:
            told = _RETRY_AFTER.search(head)
            self._work.answers.refused_without_delay += told is None
            self.not_before_s = time.monotonic() + (float(told[1]) if told else 1.0)
        else:
            self.request = b""
            self.not_before_s = self._sent_s + self._work.pace_s
        delay_s = self.not_before_s - time.monotonic()
        if delay_s > 0:
            asyncio.get_running_loop().call_later(delay_s, self._send)
        else:
            self._send()

    def _note(self, status: int) -> None:
        self._is_waiting = False
        now_s = time.monotonic()
        answers = self._work.answers
        answers.end_s.append(now_s)
        answers.latency_s.append(now_s - self._sent_s)
        answers.status.append(status)

    def _send(self) -> None:
        if self._transport is None:
            return
        if self._work.is_over():
            self._transport.close()
            return
        self.request = self.request or next(self._work.requests, b"")
        if not self.request:
            self._work.answers.has_run_out = True
            self._transport.close()
            return
        self._is_waiting = True
        self._sent_s = time.monotonic()
        self._transport.write(self.request)


async def keep_sending(port: int, work: Work) -> None:
    """One sender, from its first connection until the work is over; comes back whenever the connection is lost."""
    loop = asyncio.get_running_loop()
    request, not_before_s = b"", 0.0
    while not work.is_over():
        await asyncio.sleep(max(0.0, not_before_s - time.monotonic()))
        try:
            _, connection = await loop.create_connection(
                partial(Connection, work, request), host="127.0.0.1", port=port
            )
        except OSError:
            not_before_s = time.monotonic() + _REOPEN_S
            continue
        await connection.ended
        request, not_before_s = connection.request, connection.not_before_s
        if work.answers.has_run_out and not request:
            return


def _is_whole(received: bytes, head_end: int) -> bool:
    head = received[:head_end]
    length = _LENGTH.search(head)
    if length is not None:
        return len(received) >= head_end + len(_HEAD_END) + int(length[1])
    if _CHUNKED.search(head) is not None:
        return received.endswith(_LAST_CHUNK)
    return True
