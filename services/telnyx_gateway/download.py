"""Fetching the file of a report: from wherever Telnyx keeps it, but never with our key to a foreign host."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from services.common.errors import NotFound, TelnyxUnreachable
from services.telnyx_gateway.settings import is_loopback

MAX_FILE_BYTES = 1024 * 1024 * 1024
"""A report of a month of heavy traffic has a tenth of this."""

_MAX_REDIRECTS = 3
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_GONE = {403, 404, 410}


class Downloader:
    """Reads files by https, or by http where `base_url`, Telnyx's own address, is on this machine. Close it."""

    def __init__(
        self, base_url: str, api_key: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`transport` stands in for the network in tests."""
        self._base = urlsplit(base_url)
        self._is_local = is_loopback(self._base.hostname or "")
        self._api_key = api_key
        self._http = httpx.AsyncClient(
            headers={"User-Agent": "tollbook"},
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=not self._is_local,
            transport=transport,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def read(self, url: str) -> AsyncGenerator[bytes, None]:
        """The file piece by piece.

        Raises NotFound where it is not there any more, and TelnyxUnreachable, also for an address that must not be
        asked and for a file out of all proportion. The address itself is a secret: whoever has it has the file.
        """
        size = 0
        try:
            async with self._open(url) as response:
                async for chunk in response.aiter_bytes():
                    size += len(chunk)
                    if size > MAX_FILE_BYTES:
                        raise TelnyxUnreachable(f"the report's file is larger than {MAX_FILE_BYTES} bytes")
                    yield chunk
        except httpx.HTTPError as error:
            raise TelnyxUnreachable(
                f"the report's file cannot be fetched ({type(error).__name__})"
            ) from error

    @asynccontextmanager
    async def _open(self, url: str) -> AsyncIterator[httpx.Response]:
        for _ in range(_MAX_REDIRECTS + 1):
            address = self._checked(url)
            headers = {"Authorization": f"Bearer {self._api_key}"} if self._is_telnyx(address) else {}
            async with self._http.stream("GET", address.geturl(), headers=headers) as response:
                if not response.has_redirect_location:
                    _raise_for_status(response.status_code)
                    yield response
                    return
                url = urljoin(address.geturl(), response.headers["location"])
        raise TelnyxUnreachable("the report's file moves from address to address")

    def _checked(self, url: str) -> SplitResult:
        """The address as it may be asked: plain http, which Telnyx's reference shows, only on this machine."""
        try:
            address = urlsplit(url)
            host = address.hostname or ""
        except ValueError:
            host = ""
        if not host or address.scheme not in ("http", "https"):
            raise TelnyxUnreachable("the report's file has no address that can be asked")
        if address.scheme == "http" and not (self._is_local and is_loopback(host)):
            return address._replace(scheme="https")
        return address

    def _is_telnyx(self, address: SplitResult) -> bool:
        return (address.scheme, address.netloc) == (self._base.scheme, self._base.netloc)


def _raise_for_status(status: int) -> None:
    if status in _GONE:
        raise NotFound("the report's file is not there any more: order the report again")
    if status != httpx.codes.OK:
        raise TelnyxUnreachable(f"the report's file cannot be fetched (status {status})")
