"""Reading request bodies within limits of size and time."""

import asyncio

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from gateway.problems import Problem

_READ_TIMEOUT_S = 10.0
_DRAIN_TIMEOUT_S = 1.0
_DRAIN_BYTES = 16 * 1024 * 1024
_CLOSE = {"Connection": "close"}


async def read_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    """The whole body. Raises Problem (413 too large, 408 too slow), ClientDisconnect."""
    try:
        async with asyncio.timeout(_READ_TIMEOUT_S):
            return await _read_up_to(scope, receive, max_bytes)
    except TimeoutError:
        raise Problem(
            408, f"the body did not arrive within {_READ_TIMEOUT_S:.0f} s", headers=_CLOSE
        ) from None


async def check_length(scope: Scope, receive: Receive, max_bytes: int) -> None:
    """Refuse a body whose declared length is too large already. Raises Problem (413)."""
    text = Headers(scope=scope).get("content-length", "")
    if text.isascii() and text.isdigit() and int(text[:20]) > max_bytes:
        await _refuse_too_large(receive, max_bytes)


async def _read_up_to(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    await check_length(scope, receive, max_bytes)
    chunks: list[bytes] = []
    size_bytes = 0
    more = True
    while more:
        chunk, more = await _next_chunk(receive)
        size_bytes += len(chunk)
        if size_bytes > max_bytes:
            chunks.clear()
            await _refuse_too_large(receive, max_bytes, is_complete=not more)
        chunks.append(chunk)
    return b"".join(chunks)


async def _next_chunk(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


async def _refuse_too_large(receive: Receive, max_bytes: int, *, is_complete: bool = False) -> None:
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
