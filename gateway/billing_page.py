"""The page `/billing`: what is on the account, what the last 30 days cost, and the latest lines of the bill.

Rendered on the server, readable without JavaScript. Each part fails on its own: without Telnyx's balance the costs
still stand.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import grpc
import jinja2
from google.type.money_pb2 import Money as MoneyMessage
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.backends import Backends
from gateway.book_answers import DEFAULT_CURRENCY, record_type_of, status_of
from gateway.filters import DEFAULT_DAYS, charge_filter, last_days
from gateway.money_display import ShownMoney, show_money
from services.common.clock import Clock
from services.common.money import Money
from services.common.rpc_errors import from_rpc_error
from services.common.wire import from_money, optional_time
from tollbook.ledger.v1.book_pb2 import Charge
from tollbook.ledger.v1.ledger_pb2 import (
    ListChargesRequest,
    ListChargesResponse,
    SummarizeRequest,
    SummarizeResponse,
    Totals,
)
from tollbook.telnyx.v1.telnyx_gateway_pb2 import GetBalanceRequest, GetBalanceResponse

_LATEST_RECORDS = 25
_TIMEOUT_S = 5.0
_REFRESH_S = 10
_TYPE_WORDS = {
    "call_inbound": "Call in",
    "call_outbound": "Call out",
    "sms_inbound": "SMS in",
    "sms_outbound": "SMS out",
    "other": "Other",
}
_SOURCE_WORDS = {
    "fallback": "fallback rate",
    "learned": "learned rate",
    "call_cost_webhook": "call.cost webhook",
    "detail_records_api": "detail records",
    "webhook": "webhook",
    "mixed": "records and webhooks",
}

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Row:
    """One record as the table shows it."""

    time: str
    type_word: str
    phone_number: str
    contact: str
    duration: str
    cost: ShownMoney
    status: str
    source: str
    description: str


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a part of the page could not be read."""

    reason: str


class BillingPage:
    """Renders the page."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._backends = backends
        self._clock = clock
        templates = jinja2.Environment(
            loader=jinja2.PackageLoader("gateway"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = templates.get_template("billing.html")

    async def show(self, _: Request) -> Response:
        """The page as it stands now."""
        now = self._clock.now()
        wanted = charge_filter(last_days(DEFAULT_DAYS, now))
        ledger = self._backends.ledger
        balance, sums, latest = await asyncio.gather(
            _attempt(self._backends.telnyx.GetBalance(GetBalanceRequest(), timeout=_TIMEOUT_S)),
            _attempt(ledger.Summarize(SummarizeRequest(filter=wanted), timeout=_TIMEOUT_S)),
            _attempt(ledger.ListCharges(ListChargesRequest(page_size=_LATEST_RECORDS), timeout=_TIMEOUT_S)),
        )
        return HTMLResponse(
            self._template.render(
                now=_clock_time(now),
                refresh_s=_REFRESH_S,
                days=DEFAULT_DAYS,
                **_balance_card(balance),
                **_cost_cards(sums),
                **_records_table(latest),
            )
        )


async def _attempt(call: Awaitable[Answer]) -> Answer | _Failure:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return _Failure(from_rpc_error(error).detail)


def _balance_card(balance: GetBalanceResponse | _Failure) -> dict[str, object]:
    if isinstance(balance, _Failure):
        return {"balance": None, "balance_error": balance.reason}
    return {
        "balance": _shown(balance.balance),
        "available_credit": _shown(balance.available_credit),
        "balance_error": "",
    }


def _cost_cards(sums: SummarizeResponse | _Failure) -> dict[str, object]:
    if isinstance(sums, _Failure):
        return {"costs": None, "costs_error": sums.reason}
    totals = sums.totals[0] if sums.totals else Totals()
    return {
        "costs": {
            "total": _shown(totals.total_cost),
            "estimated": _shown(totals.estimated_cost),
            "sms": _shown(totals.sms_cost),
            "call": _shown(totals.call_cost),
            "count": totals.count,
        },
        "other_totals": [_shown(other.total_cost) for other in sums.totals[1:]],
        "costs_error": "",
    }


def _records_table(latest: ListChargesResponse | _Failure) -> dict[str, object]:
    if isinstance(latest, _Failure):
        return {"rows": [], "records_error": latest.reason}
    return {"rows": [_row_of(charge) for charge in latest.charges], "records_error": ""}


def _row_of(charge: Charge) -> _Row:
    moment = optional_time(charge, "time")
    return _Row(
        time=_clock_time(moment) if moment else "",
        type_word=_TYPE_WORDS[record_type_of(charge)],
        phone_number=charge.phone_number,
        contact=charge.contact,
        duration=_duration(charge.duration_seconds),
        cost=_shown(charge.cost),
        status=status_of(charge.status),
        source=_SOURCE_WORDS.get(charge.source, charge.source),
        description=charge.description,
    )


def _shown(message: MoneyMessage) -> ShownMoney:
    money = from_money(message)
    return show_money(Money(money.currency or DEFAULT_CURRENCY, money.nanos))


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}:{rest:02d}" if seconds else ""


def _clock_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
