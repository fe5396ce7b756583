"""Whether a request that changes something was sent by a page of our own. Pure.

A browser adds the viewer's password to whatever it sends here, also to a form on somebody else's page. It says where
the request came from in `Sec-Fetch-Site`, or where it leaves that out (plain HTTP, old ones) in `Origin`. What sends
neither is no browser, and nobody's password is added to it.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether these headers (names in lower case) are those of a request from our own pages, or of no browser."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is None:
        return True
    return _host_of(origin) == headers.get("host", "").lower() != ""


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
