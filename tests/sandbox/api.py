"""The door of the `/v2` API: keys, quotas, faults, headers. Source: facts, sections 3 and 7."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.sandbox.account import Account
from tests.sandbox.answers import (
    ApiError,
    edge_error,
    json_answer,
    not_authenticated,
    server_error,
    too_many_requests,
)
from tests.sandbox.endpoints import DOWNLOAD_PATH, ENDPOINTS, Endpoint, answer_download
from tests.sandbox.quota import FixedWindowQuota
from tests.sandbox.requests import Asked
from tests.sandbox.settings import ApiFault, derived_key
from tests.sandbox.signing import Signer


class Api:
    """Serves one account to its key, and an empty account to the other key.

    `requests` counts by endpoint; `refusals` counts answers 429: `quota`, and `fault` for injected ones.
    While `is_out`, every request is answered 503. Once it is `closing`, no answer is held back any longer.
    """

    def __init__(self, account: Account, signer: Signer) -> None:
        self.requests: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.is_out = False
        self.closing = asyncio.Event()
        settings = account.settings
        nothing = {"opening_balance": "0.00", "credit_limit": "0.00", "monthly_charge": "0"}
        empty = Account(replace(settings, **nothing), account.clock)
        self._accounts = {settings.account_key: account, settings.empty_account_key: empty}
        self._account = account
        self._key = settings.account_key
        self._rotations = 0
        self._signer = signer
        self._rng = random.Random(f"{settings.seed} api")
        self._quotas: dict[tuple[str, str], FixedWindowQuota] = {}

    def rotate_key(self) -> str:
        """Revoke the account's key, which is answered 401 from now on; gives the one that works instead."""
        self._rotations += 1
        account = self._accounts.pop(self._key)
        self._key = derived_key(account.settings.seed, f"rotation {self._rotations}")
        self._accounts[self._key] = account
        return self._key

    def routes(self) -> list[Route]:
        own = Endpoint("public_key", self._public_key)
        routes = [
            Route(f"/v2/{each.path or each.name}", self._guarded(each), methods=[each.method])
            for each in (*ENDPOINTS, own)
        ]
        return [*routes, Route(DOWNLOAD_PATH, self._download, methods=["GET"])]

    def _guarded(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            self.requests[endpoint.name] += 1
            if self.is_out:
                return edge_error(503)
            headers = self._date_header()
            try:
                key, account = self._authenticate(request)
                headers |= self._spend_quota(endpoint.name, key)
                asked = await _asked(request, account)
                return await self._drawn_fault(headers) or _with(endpoint.answer(asked), headers)
            except ApiError as error:
                return error.answer(headers)

        return guarded

    async def _download(self, request: Request) -> Response:
        """A report's file: whoever knows the address may have it, as with any signed URL."""
        self.requests["report_file"] += 1
        if self.is_out:
            return edge_error(503)
        try:
            return answer_download(await _asked(request, self._account))
        except ApiError as error:
            return error.answer()

    def _date_header(self) -> dict[str, str]:
        now = self._account.clock() + timedelta(seconds=self._account.faults.date_skew_s)
        return {"date": format_datetime(now, usegmt=True)}

    def _authenticate(self, request: Request) -> tuple[str, Account]:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key not in self._accounts:
            raise not_authenticated()
        return key, self._accounts[key]

    def _spend_quota(self, name: str, key: str) -> dict[str, str]:
        quota = self._quota(name, key)
        if quota is None:
            return {}
        answer = quota.take()
        if not answer.allowed:
            self.refusals["quota"] += 1
            raise too_many_requests(answer.headers)
        return answer.headers

    def _quota(self, name: str, key: str) -> FixedWindowQuota | None:
        """Quotas are per endpoint; nobody has told of any other than the first two."""
        settings = self._account.settings
        sizes = {
            "detail_records": (settings.quota_limit, settings.quota_window_s),
            "usage_reports": (settings.usage_quota_limit, settings.usage_quota_window_s),
        }
        if settings.reports_quota_limit is not None:
            sizes["reports"] = (settings.reports_quota_limit, settings.quota_window_s)
        if name not in sizes:
            return None
        if (name, key) not in self._quotas:
            self._quotas[name, key] = FixedWindowQuota(*sizes[name], self._account.clock)
        return self._quotas[name, key]

    async def _drawn_fault(self, headers: Mapping[str, str]) -> Response | None:
        """A fault in place of the answer, or None. A request that runs into one has spent its quota."""
        faults = self._account.faults
        if not faults.api_fault_kinds or self._rng.random() >= faults.api_fault_rate:
            return None
        kind: ApiFault = self._rng.choice(faults.api_fault_kinds)
        match kind:
            case "500":
                raise server_error()
            case "502-html":
                return edge_error()
            case "429":
                self.refusals["fault"] += 1
                raise too_many_requests({**headers, "x-ratelimit-remaining": "0"})
            case "slow":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.closing.wait(), faults.slow_answer_s)
                return None

    def _public_key(self, _: Asked) -> Response:
        return json_answer({"data": {"record_type": "public_key", "public": self._signer.public_key}})


async def _asked(request: Request, account: Account) -> Asked:
    return Asked(
        account,
        tuple(request.query_params.multi_items()),
        {name: str(value) for name, value in request.path_params.items()},
        await request.body(),
        str(request.base_url).rstrip("/"),
    )


def _with(answer: Response, headers: Mapping[str, str]) -> Response:
    answer.headers.update(headers)
    return answer
