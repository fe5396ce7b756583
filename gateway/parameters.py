"""Query parameters and small JSON bodies: read strictly, and refused by name.

400 for what cannot be read, 422 for what can be read and makes no sense.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

import msgspec
from starlette.requests import Request

from gateway.bodies import read_body
from gateway.problems import Problem
from services.common.times import UnreadableTime, parse_rfc3339

MAX_JSON_BYTES = 64 * 1024

_MAX_TEXT_LENGTH = 255
_MAX_CURSOR_LENGTH = 2048
_BARE_DATE_LENGTH = len("2026-11-22")
# Far beyond every bill, and far enough from the ends of the calendar to calculate with.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_LOST_PLUS = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)", re.ASCII)

Choice = TypeVar("Choice")


def text_parameter(request: Request, name: str, max_length: int = _MAX_TEXT_LENGTH) -> str:
    """A parameter that may be given once; empty if it is not. Raises Problem."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise Problem(400, f"{name} is given more than once", name)
    text = values[0] if values else ""
    if len(text) > max_length or not text.isprintable():
        raise Problem(400, f"{name} is longer than {max_length} characters, or not printable", name)
    return text


def cursor_parameter(request: Request) -> str:
    """The `nextCursor` of the page before."""
    return text_parameter(request, "cursor", _MAX_CURSOR_LENGTH)


def choice_parameter(request: Request, name: str, choices: Mapping[str, Choice], default: str) -> Choice:
    """One of a few words. Raises Problem."""
    word = text_parameter(request, name) or default
    if word not in choices:
        raise Problem(400, f"{name} must be one of {', '.join(choices)}", name)
    return choices[word]


def flag_parameter(request: Request, name: str) -> bool:
    """`true` or `false`; not given means false."""
    return choice_parameter(request, name, {"true": True, "false": False, "1": True, "0": False}, "false")


def number_parameter(request: Request, name: str, default: int, *, highest: int) -> int:
    """A whole number from 1. Raises Problem."""
    text = text_parameter(request, name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Problem(400, f"{name} must be a whole number", name)
    number = int(text)
    if not 1 <= number <= highest:
        raise Problem(422, f"{name} must be from 1 to {highest}", name)
    return number


def phone_parameter(request: Request, name: str) -> str:
    """A phone number. A `+` that was not percent-encoded arrives as a blank: then it is meant all the same."""
    text = text_parameter(request, name)
    bare = text.strip()
    return f"+{bare}" if text.startswith(" ") and bare.isdigit() else bare


def moment_parameter(request: Request, name: str, *, is_end: bool = False) -> datetime | None:
    """An RFC 3339 time, or a bare date: its first moment, or with `is_end` its end. Raises Problem.

    The `+` of an offset that was not percent-encoded arrives as a blank, as in phone_parameter.
    """
    text = _LOST_PLUS.sub("+", text_parameter(request, name))
    if not text:
        return None
    is_date = len(text) == _BARE_DATE_LENGTH
    try:
        moment = parse_rfc3339(f"{text}T00:00:00Z" if is_date else text)
    except UnreadableTime:
        raise Problem(
            400,
            f"{name} must be a date such as 2026-11-22, or an RFC 3339 time such as 2026-11-22T08:00:00Z",
            name,
        ) from None
    if not _EARLIEST <= moment < _LATEST:
        raise Problem(422, f"{name} must be from {_EARLIEST:%Y} to {_LATEST:%Y}", name)
    return moment + timedelta(days=1) if is_date and is_end else moment


def start_of_day(moment: datetime) -> datetime:
    """The first moment of a UTC day."""
    return datetime.combine(moment.date(), time.min, UTC)


async def json_object(request: Request) -> Mapping[str, object]:
    """The body as a JSON object of at most 64 KiB; no body is an empty one. Raises Problem."""
    body = await read_body(request.scope, request.receive, MAX_JSON_BYTES)
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "the body must be a JSON object") from None


def path_id(request: Request) -> str:
    """The id at the end of the path. Raises Problem."""
    text = str(request.path_params["id"])
    if not text:
        raise Problem(404, "the path ends where an id should stand")
    if len(text) > _MAX_TEXT_LENGTH or not text.isprintable():
        raise Problem(400, f"id is longer than {_MAX_TEXT_LENGTH} characters, or not printable", "id")
    return text
