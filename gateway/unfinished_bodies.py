"""Bodies that come in pieces, until they are whole: bounded over all requests, however many send slowly at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.problems import Problem


class UnfinishedBodies:
    """What has come so far of all of them."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0

    @contextmanager
    def body(self) -> "Iterator[UnfinishedBody]":
        """One more; what it took is free again when the block is left."""
        body = UnfinishedBody(self)
        try:
            yield body
        finally:
            self.held_bytes -= body.size_bytes


class UnfinishedBody:
    """The pieces of one."""

    def __init__(self, others: UnfinishedBodies) -> None:
        self._others = others
        self._pieces: list[bytes] = []
        self.size_bytes = 0

    def add(self, piece: bytes) -> None:
        """Keep a piece. Raises Problem (503) when there is no room for it."""
        if self._others.held_bytes + len(piece) > self._others.max_bytes:
            raise Problem(
                503,
                "more is being sent at once than can be kept; send it again",
                headers={"Retry-After": "1", "Connection": "close"},
            )
        self._others.held_bytes += len(piece)
        self.size_bytes += len(piece)
        self._pieces.append(piece)

    def joined(self) -> bytes:
        """The whole of it."""
        return b"".join(self._pieces)
