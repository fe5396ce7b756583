"""Errors as HTTP answers: RFC 9457 problem documents that also carry `error`, mapped here once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import grpc
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.exact_response import ExactJson
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
from services.common.rpc_errors import from_rpc_error

_RETRY_AFTER_S = 1
_STATUS: dict[type[TollbookError], int] = {
    InvalidInput: 400,
    NotFound: 404,
    Conflict: 503,
    QuotaExhausted: 503,
    TelnyxUnreachable: 502,
    TelnyxRefused: 502,
    Unavailable: 503,
    DiskFull: 503,
}
# What a request to a service calls differently than the HTTP request that it came from.
_FIELD_NAMES = {
    "page_token": "cursor",
    "page_size": "limit",
    "from_time": "from",
    "to_time": "to",
    "from_day": "from",
    "to_day": "to",
    "max_points": "limit",
    "session_id": "id",
    "order": "sort",
    "phone_number": "phoneNumber",
    "call_id": "callControlId",
}
# What Starlette's router raises says no more than the status.
_ROUTING_SENTENCES = {
    404: "there is nothing at this path",
    405: "this path does not take this method; the header Allow names those that it takes",
}
_log = structlog.get_logger()


@dataclass(eq=False)
class Problem(Exception):
    """An HTTP error: `detail` is a sentence for people, `field` names the parameter that is to be changed."""

    status: int
    detail: str
    field: str = ""
    headers: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.status}: {self.detail}"


class ProblemResponse(ExactJson):
    """A problem document. `error` is for clients of the earlier system."""

    media_type = "application/problem+json"

    def __init__(self, problem: Problem) -> None:
        content: dict[str, str | int] = {
            "type": "about:blank",
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "detail": problem.detail,
            "error": problem.detail,
        }
        if problem.field:
            content["field"] = problem.field
        super().__init__(content, status_code=problem.status, headers=problem.headers)


def problem_of(error: TollbookError) -> Problem:
    """The HTTP side of a domain error."""
    status = _STATUS.get(type(error), 500)
    headers = {}
    if status == 503:
        headers["Retry-After"] = str(max(_RETRY_AFTER_S, math.ceil(error.retry_after_s)))
    field = _FIELD_NAMES.get(error.field, error.field) if isinstance(error, InvalidInput) else ""
    return Problem(status, error.detail, field, headers)


async def answer_problem(_: Request, error: Exception) -> Response:
    """Starlette's handler for every exception that says what went wrong."""
    match error:
        case Problem():
            return ProblemResponse(error)
        case TollbookError():
            return ProblemResponse(problem_of(error))
        case grpc.aio.AioRpcError():
            return ProblemResponse(problem_of(from_rpc_error(error)))
        case HTTPException():
            detail = _ROUTING_SENTENCES.get(error.status_code, error.detail)
            return ProblemResponse(Problem(error.status_code, detail, headers=error.headers))
        case _:
            # Logged with its traceback by uvicorn, to which Starlette passes it on.
            _log.error("request.failed", kind=type(error).__name__)
            return ProblemResponse(Problem(500, "internal error; the edge's log says more"))
