"""The errors that Tollbook's services tell each other about; `rpc_errors` takes them over the wire.

TollbookError
├── InvalidInput        the caller's mistake; `field` names what to change
├── NotFound            nothing is known under that id
├── Conflict            another writer was faster; the same call may be repeated
├── QuotaExhausted      Telnyx's quota is used up; `retry_after_s` says when it renews
├── TelnyxUnreachable   Telnyx did not answer, or not in a way that can be used
├── TelnyxRefused       Telnyx refused the key or the request; repeating it will not help
└── Unavailable         a part of Tollbook is not ready; the same call may be repeated
    └── DiskFull        the disk of a database takes nothing more until somebody makes room
"""

from dataclasses import dataclass
from typing import ClassVar

from google.rpc import code_pb2


@dataclass(eq=False)
class TollbookError(Exception):
    """Base of all domain errors: `detail` is a sentence for people, without secrets or phone numbers."""

    detail: str
    field: str = ""
    retry_after_s: float = 0.0

    code: ClassVar[int] = code_pb2.INTERNAL
    reason: ClassVar[str] = "INTERNAL"

    def __str__(self) -> str:
        return self.detail


class InvalidInput(TollbookError):
    """The request cannot be carried out as it stands; `field` names the part to change."""

    code = code_pb2.INVALID_ARGUMENT
    reason = "INVALID_INPUT"


class NotFound(TollbookError):
    """Nothing is known under the id that was given."""

    code = code_pb2.NOT_FOUND
    reason = "NOT_FOUND"


class Conflict(TollbookError):
    """Another writer got there first, several times over; repeating the call is safe."""

    code = code_pb2.ABORTED
    reason = "CONFLICT"


class QuotaExhausted(TollbookError):
    """Telnyx's request quota is used up; `retry_after_s` is the time until it renews."""

    code = code_pb2.RESOURCE_EXHAUSTED
    reason = "TELNYX_QUOTA_EXHAUSTED"


class TelnyxUnreachable(TollbookError):
    """Telnyx could not be reached or gave no usable answer; the same call may succeed later."""

    code = code_pb2.UNAVAILABLE
    reason = "TELNYX_UNREACHABLE"


class TelnyxRefused(TollbookError):
    """Telnyx refused the key or the form of the request (401, 403, 400, 422)."""

    code = code_pb2.FAILED_PRECONDITION
    reason = "TELNYX_REFUSED"


class Unavailable(TollbookError):
    """A part of Tollbook is missing or not ready; repeating the call is safe."""

    code = code_pb2.UNAVAILABLE
    reason = "UNAVAILABLE"


class DiskFull(Unavailable):
    """The disk of a database has no room, or takes no writing; the same call will succeed once it does."""

    reason = "DISK_FULL"
