"""Addresses of the pages of one record, and the way back from them to the list as it was. Pure.

A page of one record is reached with `back`, the query of the list that led to it: browsers are told not to send a
Referer. Only the list's own parameters are taken from it, so it can lead nowhere else.
"""

from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode

RecordKind = Literal["call", "sms", "other"]

LIST_URL = "/billing"
MAX_BACK_LENGTH = 4096

_LIST_PARAMETERS = frozenset(
    [
        "phoneNumber",
        "direction",
        "recordType",
        "status",
        "text",
        "days",
        "from",
        "to",
        "limit",
        "sort",
        "cursor",
        "zone",
    ]
)
_MAX_PARAMETERS = 20


def record_url(kind: RecordKind, record_id: str, *, back: str = "", zone: str = "") -> str:
    """Where one call, message or other record is shown. `back`: the list's query; `zone`: an IANA name, or empty."""
    name = quote(record_id, safe=":")
    path = f"{LIST_URL}/calls/{name}" if kind == "call" else f"{LIST_URL}/charges/{kind}/{name}"
    return with_query(path, back=back, zone=zone)


def with_query(path: str, **parameters: str) -> str:
    """A path with those of the parameters that are not empty."""
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{path}?{query}" if query else path


def list_url(back: str) -> str:
    """The list as it was when it led here; the plain list for anything that is no query of its own."""
    query = list_query(back)
    return f"{LIST_URL}?{query}" if query else LIST_URL


def list_query(text: str) -> str:
    """The list's own parameters out of a query string, encoded anew."""
    if len(text) > MAX_BACK_LENGTH or not text.isprintable():
        return ""
    try:
        pairs = parse_qsl(text, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        return ""
    return urlencode([(name, value) for name, value in pairs if name in _LIST_PARAMETERS])
