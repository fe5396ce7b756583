"""Domain errors over gRPC: mapped once, here, in both directions."""

from collections.abc import Awaitable
from typing import TypeVar

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.common.errors import (
    Conflict,
    DiskFull,
    InvalidInput,
    NotFound,
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)

ERROR_DOMAIN = "tollbook"

Answer = TypeVar("Answer")

# CANCELLED: of a server that ends; whoever cancels a call of its own gets a CancelledError.
_NO_ANSWER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)

_BY_REASON: dict[str, type[TollbookError]] = {
    kind.reason: kind
    for kind in (
        InvalidInput,
        NotFound,
        Conflict,
        QuotaExhausted,
        TelnyxUnreachable,
        TelnyxRefused,
        Unavailable,
        DiskFull,
    )
}


def to_status(error: TollbookError) -> status_pb2.Status:
    """A domain error as `google.rpc.Status` with an ErrorInfo that from_rpc_error reads back."""
    info = error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=ERROR_DOMAIN,
        metadata={"field": error.field, "retry_after_s": f"{error.retry_after_s:.3f}"},
    )
    packed = any_pb2.Any()
    packed.Pack(info)
    return status_pb2.Status(code=error.code, message=error.detail, details=[packed])


def from_rpc_error(error: grpc.aio.AioRpcError) -> TollbookError:
    """The domain error behind a failed call; what carries no ErrorInfo of ours counts as Unavailable or internal."""
    status = rpc_status.from_call(error)
    for packed in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if packed.Unpack(info) and info.domain == ERROR_DOMAIN and info.reason in _BY_REASON:
            kind = _BY_REASON[info.reason]
            retry_after_s = float(info.metadata.get("retry_after_s") or 0)
            return kind(error.details() or "", info.metadata.get("field", ""), retry_after_s)
    if error.code() in _NO_ANSWER:
        return Unavailable(f"a service of Tollbook did not answer: {error.code().name}")
    return TollbookError(f"a service of Tollbook failed: {error.code().name}")


async def answer_of(call: Awaitable[Answer]) -> Answer:
    """The answer of a call. Raises the domain error behind its failure."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from error
