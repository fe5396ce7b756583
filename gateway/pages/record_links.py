"""Addresses of the pages of one record, and the way back from them to the list as it was. Pure.

A page of one record is reached with `back`, the query of the list that led to it: browsers are told not to send a
Referer. Only the list's own parameters are taken from it, so it can lead nowhere else.
"""

from urllib.parse import parse_qsl, quote, urlencode

from gateway.pages.links import PAGE_PATH, Query

MAX_BACK_LENGTH = 4096

_MAX_PARAMETERS = 20


def record_url(kind: str, record_id: str, *, back: Query | None = None, **parameters: str) -> str:
    """Where one record is shown; `kind` is `call`, `sms` or `other`. `back`: the list that leads there.

    Of the other parameters (`zone`, `outcome`) those that are not empty.
    """
    name = quote(record_id, safe=":")
    path = f"{PAGE_PATH}/calls/{name}" if kind == "call" else f"{PAGE_PATH}/charges/{kind}/{name}"
    pairs = {"back": urlencode(back.items) if back else "", **parameters}
    query = urlencode({key: value for key, value in pairs.items() if value})
    return f"{path}?{query}" if query else path


def witnesses_url(session_id: str, *, back: Query | None = None, **parameters: str) -> str:
    """Where the witnesses of a session are compared. `back` and the other parameters as for record_url."""
    pairs = {"back": urlencode(back.items) if back else "", **parameters}
    query = urlencode({key: value for key, value in pairs.items() if value})
    path = f"{PAGE_PATH}/sessions/{quote(session_id, safe=':')}/witnesses"
    return f"{path}?{query}" if query else path


def list_query(back: str) -> Query:
    """The list as it was when it led here; the plain list for anything that is no query of its own."""
    if len(back) > MAX_BACK_LENGTH or not back.isprintable():
        return Query()
    try:
        return Query.of(parse_qsl(back, max_num_fields=_MAX_PARAMETERS))
    except ValueError:
        return Query()
