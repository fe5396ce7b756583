"""Asking the services for a part of a page: each part fails on its own, and says why."""

from dataclasses import dataclass
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from services.common.errors import TollbookError
from services.common.rpc_errors import from_rpc_error

_TIMEOUT_S = 5.0
"""How long a page waits for one of its parts."""

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer", bound=Message)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a part of the page could not be read."""

    error: TollbookError

    @property
    def reason(self) -> str:
        """A sentence for people."""
        return self.error.detail


async def ask(
    method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer],
    request: Request,
    timeout_s: float = _TIMEOUT_S,
) -> Answer | Failure:
    """The answer of a stub's method, or why there is none; at once where the service is known to be away."""
    try:
        return await method(request, timeout=timeout_s, wait_for_ready=False)
    except grpc.aio.AioRpcError as error:
        return Failure(from_rpc_error(error))
