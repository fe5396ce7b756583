"""What the tests of the sandbox share: a clock that stands still, and a client that needs no port."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from tests.sandbox.clock import Clock
from tests.sandbox.core import Core
from tests.sandbox.server import build_app
from tests.sandbox.settings import Settings

NOON = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC)


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class ApiClient:
    """Talks to one sandbox in this process, as its account or with another key."""

    def __init__(self, core: Core, http: httpx.AsyncClient) -> None:
        self.core = core
        self._http = http

    async def get(
        self, path: str, parameters: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        return await self.get_pairs(path, list((parameters or {}).items()), key=key)

    async def get_pairs(
        self, path: str, parameters: Sequence[tuple[str, object]], *, key: str | None = None
    ) -> httpx.Response:
        """The same with parameters that may repeat. An empty key sends none."""
        key = self.core.account.settings.account_key if key is None else key
        headers = {"authorization": f"Bearer {key}"} if key else {}
        pairs = httpx.QueryParams([(name, str(value)) for name, value in parameters])
        return await self._http.get(f"/v2/{path}", params=pairs, headers=headers)

    async def post(self, path: str, body: object) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.core.account.settings.account_key}"}
        return await self._http.post(f"/v2/{path}", json=body, headers=headers)

    async def download(self, url: str) -> httpx.Response:
        """A file that the API gave an address of, without any key."""
        return await self._http.get(url)

    async def records(self, record_type: str, **parameters: object) -> dict[str, Any]:
        """One page of detail records; filters may be given as `**{"filter[started_at][gte]": ...}`."""
        answer = await self.get("detail_records", {"filter[record_type]": record_type, **parameters})
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = read_exactly(answer)
        return page

    async def control(self, method: str, path: str, body: object = None) -> httpx.Response:
        return await self._http.request(method, f"/_sandbox/{path}", json=body)


def read_exactly(answer: httpx.Response) -> Any:
    """JSON with its numbers as decimals."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(answer.content)


@asynccontextmanager
async def api_client(settings: Settings, clock: Clock) -> AsyncIterator[ApiClient]:
    core = Core(settings, clock)
    transport = httpx.ASGITransport(app=build_app(core))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
        yield ApiClient(core, http)
    await core.close()
