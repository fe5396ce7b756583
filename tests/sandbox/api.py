"""The `/v2` endpoints of the sandbox, with the measured behaviours of Telnyx. Source: facts, sections 3, 5, 6 and 7."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from itertools import islice

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.sandbox.account import Account
from tests.sandbox.amounts import CURRENCY, cents_text
from tests.sandbox.answers import (
    ApiError,
    bad_request,
    edge_error,
    json_answer,
    not_authenticated,
    server_error,
    too_many_requests,
)
from tests.sandbox.query import DetailQuery, parse_detail_query
from tests.sandbox.quota import FixedWindowQuota
from tests.sandbox.records import DetailRecord
from tests.sandbox.settings import ApiFault
from tests.sandbox.signing import Signer
from tests.sandbox.usage import parse_usage_query, usage_options, usage_rows

Handler = Callable[[Request, Account], Response]


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
        empty = Account(replace(settings, opening_balance="0.00", credit_limit="0.00"), account.clock)
        self._accounts = {settings.account_key: account, settings.empty_account_key: empty}
        self._account = account
        self._signer = signer
        self._rng = random.Random(f"{settings.seed} api")
        self._quotas: dict[tuple[str, str], FixedWindowQuota] = {}

    def routes(self) -> list[Route]:
        return [
            Route(f"/v2/{name}", self._guarded(name, handler), methods=["GET"])
            for name, handler in (
                ("balance", self._balance),
                ("detail_records", self._detail_records),
                ("usage_reports", self._usage_reports),
                ("usage_reports/options", self._usage_options),
                ("public_key", self._public_key),
            )
        ]

    def _guarded(self, name: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.requests[name] += 1
            if self.is_out:
                return edge_error(503)
            headers: dict[str, str] = {}
            try:
                key, account = self._authenticate(request)
                headers = self._spend_quota(name, key)
                return await self._drawn_fault(headers) or _with(handler(request, account), headers)
            except ApiError as error:
                return error.answer(headers)

        return endpoint

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
        """Quotas are per endpoint; those of balance and public_key were never reached by anyone."""
        settings = self._account.settings
        sizes = {
            "detail_records": (settings.quota_limit, settings.quota_window_s),
            "usage_reports": (settings.usage_quota_limit, settings.usage_quota_window_s),
        }
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

    @staticmethod
    def _balance(_: Request, account: Account) -> Response:
        balance, credit = account.balance(), Decimal(account.settings.credit_limit)
        data = {
            "record_type": "balance",
            "balance": cents_text(balance),
            "pending": "0.00",
            "credit_limit": cents_text(credit),
            "available_credit": cents_text(balance + credit),
            "currency": CURRENCY,
        }
        return json_answer({"data": data})

    def _public_key(self, _: Request, account: Account) -> Response:
        return json_answer({"data": {"record_type": "public_key", "public": self._signer.public_key}})

    def _detail_records(self, request: Request, account: Account) -> Response:
        query = parse_detail_query(request.query_params.multi_items())
        matching = self._matching(query, account)
        first = (query.page_number - 1) * query.page_size
        readable = account.settings.readable_rows
        rows = matching[first : min(first + query.page_size, readable)]
        arrivals = self._account.faults.arrivals_per_page
        if arrivals:
            account.records.reveal(account.clock(), query.type.name, arrivals)
        return json_answer(
            _page([row.fields for row in rows], len(matching), query.page_number, query.page_size)
        )

    def _matching(self, query: DetailQuery, account: Account) -> list[DetailRecord]:
        unknown = query.unknown_fields()
        if unknown and self._account.faults.unknown_filter == "reject":
            raise bad_request(f"Filter field is invalid: {unknown[0]}")
        if unknown or self._account.faults.answers_nothing:
            return []
        visible = account.records.visible(query.type.name, account.clock())
        return [record for record in visible if query.accepts(record)]

    def _usage_reports(self, request: Request, account: Account) -> Response:
        query = parse_usage_query(request.query_params)
        now = account.clock()
        records = (record for name in query.type_names for record in account.records.visible(name, now))
        rows = usage_rows(query, records, zero_days=account.settings.usage_zero_days == "explicit")
        first = (query.page_number - 1) * query.page_size
        shown = islice(rows, first, first + query.page_size)
        return json_answer(_page(shown, len(rows), query.page_number, query.page_size))

    @staticmethod
    def _usage_options(request: Request, _: Account) -> Response:
        return json_answer({"data": usage_options(request.query_params.get("product"))})


def _page(rows: Iterable[object], total: int, number: int, size: int) -> dict[str, object]:
    meta = {
        "total_pages": -(-total // size),
        "total_results": total,
        "page_number": number,
        "page_size": size,
    }
    return {"data": list(rows), "meta": meta}


def _with(answer: Response, headers: dict[str, str]) -> Response:
    answer.headers.update(headers)
    return answer
