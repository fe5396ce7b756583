"""What an HTTP answer of Telnyx that is no success means to Tollbook, mapped once (Telnyx facts, section 7)."""

import re
from typing import Final

import msgspec

from services.common.errors import NotFound, QuotaExhausted, TelnyxRefused, TelnyxUnreachable, TollbookError

_MAX_TITLE_LENGTH = 80
_NOT_FOR_PEOPLE = re.compile(r"[^A-Za-z0-9 .,:;'()/_-]|[0-9]{7,}", re.ASCII)
_REFUSALS = {
    400: "refused the form of the request",
    401: "refused the API key",
    403: "does not allow this to the API key",
    404: "knows nothing at this address",
    422: "refused the values of the request",
}
KEY_FIELD: Final = "TELNYX_API_KEY"
"""What a refusal names as its field where it is the key that Telnyx does not accept."""

_FORBIDDEN = 403
_UNAUTHORIZED = 401
_PASSING = {408, 425, 500, 502, 503, 504}
_DONE = {200, 201, 202}
_NOT_THERE = {404, 409}


class KeyRefused(TelnyxRefused):
    """The key is refused for everything (401), and not only for what was asked."""


class Retryable(Exception):
    """An attempt failed in a way that the next may not; `error` is what to tell if no attempt is left.

    `is_undone`: Telnyx certainly did nothing, so that even an order may be repeated.
    """

    def __init__(self, error: TollbookError, *, is_undone: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.is_undone = is_undone


class _Error(msgspec.Struct):
    code: str | int = ""
    title: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error]


def raise_for_status(status: int, body: bytes, retry_after_s: float, absent: str = "") -> None:
    """Raise for everything but success. `retry_after_s`: until the quota renews, for a 429.

    `absent`: what to say where the thing that was asked for is not there (404), or not yet (409); then NotFound.

    Raises TelnyxRefused where a repetition cannot help: its `field` is TELNYX_API_KEY when it is the key that
    Telnyx does not accept, `request` when it is what was asked (an unknown record type is answered 400).
    Raises Retryable where it may, and TelnyxUnreachable for what no API of Telnyx would answer.
    """
    if status in _DONE:
        return
    if status == 429:
        raise Retryable(
            QuotaExhausted("Telnyx's request quota is used up (429)", retry_after_s=max(1.0, retry_after_s)),
            is_undone=True,
        )
    reason = _telnyx_reason(body)
    if absent and reason and status in _NOT_THERE:
        raise NotFound(absent)
    # 401 is about the key whatever the body; the other refusals count only in Telnyx's own form, since the edge
    # in front of it answers in HTML.
    if status in _REFUSALS and (reason or status == 401):
        sentence = f"Telnyx {_REFUSALS[status]} ({status}{reason})"
        if status == _UNAUTHORIZED:
            raise KeyRefused(sentence, field=KEY_FIELD)
        raise TelnyxRefused(sentence, field=KEY_FIELD if status == _FORBIDDEN else "request")
    error = TelnyxUnreachable(f"Telnyx gave no usable answer (status {status})")
    if status in _PASSING or status >= 500:
        raise Retryable(error)
    raise error


def _telnyx_reason(body: bytes) -> str:
    """`, code 10011: Bad Request` from Telnyx's errors; empty where the body is none. `detail` may quote numbers."""
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if not errors:
        return ""
    title = _NOT_FOR_PEOPLE.sub("", errors[0].title)[:_MAX_TITLE_LENGTH]
    code = _NOT_FOR_PEOPLE.sub("", str(errors[0].code))[:16]
    return f", code {code}: {title}"
