"""Names in the Host header: what counts as this machine itself. Pure.

Without API_KEYS, whoever tunnels webhooks to the edge would publish the billing page with them; the Host header is
what tells the tunnel's visitors from the machine's own.
"""

import re
from collections.abc import Iterable

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)


def read_host(text: str) -> str:
    """The lower-case name without the port. Raises ValueError with a sentence."""
    match = _HOST.fullmatch(text.lower())
    if match is None:
        raise ValueError(f"not a host name: {text[:64]!r}")
    return match["name"]


def is_trusted_host(host_headers: Iterable[bytes], allowed: frozenset[str]) -> bool:
    """Whether a request with these Host headers was meant for this machine, or for a host that the operator named."""
    headers = list(host_headers)
    if len(headers) != 1:
        return False
    try:
        name = read_host(headers[0].decode("latin-1"))
    except ValueError:
        return False
    return name in _LOOPBACK_NAMES or name in allowed
