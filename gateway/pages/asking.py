"""Asking the services for a part of a page: each part fails on its own, and says why."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import grpc

from services.common.errors import TollbookError
from services.common.rpc_errors import from_rpc_error

PART_TIMEOUT_S = 5.0
"""How long a page waits for one of its parts."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a part of the page could not be read."""

    error: TollbookError

    @property
    def reason(self) -> str:
        """A sentence for people."""
        return self.error.detail


async def attempt(call: Awaitable[Answer]) -> Answer | Failure:
    """The answer of a call on a stub, or why there is none."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return Failure(from_rpc_error(error))
