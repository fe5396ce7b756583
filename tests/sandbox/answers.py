"""Answers in Telnyx's shape: JSON without floats, and its errors. Source: Telnyx facts, section 7."""

from collections.abc import Mapping

import msgspec
from starlette.responses import HTMLResponse, Response

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_HELP = "https://developers.telnyx.com/docs/overview/errors/"


def encode(body: object) -> bytes:
    """JSON bytes. A Decimal becomes a JSON number with all its digits."""
    return _ENCODER.encode(body)


def json_answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(body), status, headers, "application/json; charset=utf-8")


class ApiError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self, status: int, code: str, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})

    def answer(self, headers: Mapping[str, str] | None = None) -> Response:
        error = {
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "meta": {"url": _HELP + self.code},
        }
        return json_answer({"errors": [error]}, self.status, {**(headers or {}), **self.headers})


def bad_request(detail: str) -> ApiError:
    return ApiError(400, "10011", "Bad Request", detail)


def not_authenticated() -> ApiError:
    return ApiError(401, "10009", "Authentication failed", "The API key is missing or is not known.")


def not_found() -> ApiError:
    return ApiError(404, "10005", "Resource not found", "The requested resource or URL could not be found.")


def too_many_requests(headers: Mapping[str, str]) -> ApiError:
    """The same code as a bad request, and no `Retry-After`, as measured."""
    detail = "You have exceeded the maximum number of allowed requests."
    return ApiError(429, "10011", "Too many requests", detail, headers)


def server_error() -> ApiError:
    return ApiError(500, "10007", "Unexpected error", "An unexpected error occurred.")


def edge_error(status: int = 502) -> Response:
    """What the edge in front of the API answers: a page, not JSON."""
    page = f"<html><head><title>{status}</title></head><body><h1>{status} Bad Gateway</h1></body></html>"
    return HTMLResponse(page, status)
