"""Reading request bodies within limits of size and time."""

import asyncio
from typing import NoReturn, cast

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from gateway.deadlines import Deadlines
from gateway.problems import Problem
from gateway.unfinished_bodies import UnfinishedBodies

_READ_TIMEOUT_S = 10.0
_DRAIN_TIMEOUT_S = 1.0
_DRAIN_BYTES = 16 * 1024 * 1024
_CLOSE = {"Connection": "close"}
_UNFINISHED = UnfinishedBodies(64 * 1024 * 1024)


class BodyReader:
    """Reads the bodies of one kind of request, at most `max_bytes` each; one timer watches over all of them."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._deadlines = Deadlines(_READ_TIMEOUT_S)

    async def read(self, receive: Receive) -> bytes:
        """The whole body. Raises Problem (413 too large, 408 too slow), ClientDisconnect."""
        reading = cast("asyncio.Task[object]", asyncio.current_task())
        is_late = False

        def end_it() -> None:
            nonlocal is_late
            is_late = True
            reading.cancel()

        key = self._deadlines.start(end_it)
        try:
            return await _read_up_to(receive, self._max_bytes)
        except asyncio.CancelledError:
            if is_late and reading.uncancel() == 0:
                raise _too_slow() from None
            raise
        finally:
            self._deadlines.stop(key)


async def read_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    """The whole body. Raises Problem (413 too large, 408 too slow), ClientDisconnect."""
    try:
        async with asyncio.timeout(_READ_TIMEOUT_S):
            await check_length(scope, receive, max_bytes)
            return await _read_up_to(receive, max_bytes)
    except TimeoutError:
        raise _too_slow() from None


async def check_length(scope: Scope, receive: Receive, max_bytes: int) -> None:
    """Refuse a body whose declared length is too large already. Raises Problem (413)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > max_bytes:
            await _refuse_too_large(receive, max_bytes)


def _too_slow() -> Problem:
    return Problem(408, f"the body did not arrive within {_READ_TIMEOUT_S:.0f} s", headers=_CLOSE)


async def _read_up_to(receive: Receive, max_bytes: int) -> bytes:
    chunk, more = await _next_chunk(receive)
    if not more and len(chunk) <= max_bytes:
        return chunk
    with _UNFINISHED.body() as held:
        held.add(chunk)
        while more and held.size_bytes <= max_bytes:
            chunk, more = await _next_chunk(receive)
            held.add(chunk)
        if held.size_bytes <= max_bytes:
            return held.joined()
    return await _refuse_too_large(receive, max_bytes, is_complete=not more)


async def _next_chunk(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


async def _refuse_too_large(receive: Receive, max_bytes: int, *, is_complete: bool = False) -> NoReturn:
    """Read on for a moment, keeping nothing: most senders hear the answer only once they have sent everything."""
    try:
        async with asyncio.timeout(_DRAIN_TIMEOUT_S):
            drained_bytes = 0
            while not is_complete and drained_bytes < _DRAIN_BYTES:
                chunk, more = await _next_chunk(receive)
                drained_bytes += len(chunk)
                is_complete = not more
    except (TimeoutError, ClientDisconnect):
        pass
    raise Problem(413, f"the body is larger than {max_bytes} bytes", headers=_CLOSE)
