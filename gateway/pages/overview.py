"""The page `/billing`: what is on the account, what the last 30 days cost, and the latest lines of the bill.

Rendered on the server, readable without JavaScript. Each part fails on its own: without Telnyx's balance the costs
still stand.
"""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.backends import Backends
from gateway.book_answers import record_type_of, status_of
from gateway.filters import DEFAULT_DAYS, charge_filter, last_days
from gateway.pages.asking import PART_TIMEOUT_S, Failure, attempt
from gateway.pages.money import ShownMoney
from gateway.pages.templates import render, shown
from gateway.pages.words import SOURCE_WORDS, TYPE_WORDS, duration_words
from gateway.pages.zones import UTC_ZONE, ShownTime, show_time
from services.common.clock import Clock
from services.common.wire import optional_time
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
_REFRESH_S = 10


@dataclass(frozen=True, slots=True)
class _Row:
    """One record as the table shows it."""

    time: ShownTime | None
    type_word: str
    phone_number: str
    contact: str
    duration: str
    cost: ShownMoney
    status: str
    source: str
    description: str


class BillingPage:
    """Renders the page."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._backends = backends
        self._clock = clock

    async def show(self, _: Request) -> Response:
        """The page as it stands now."""
        now = self._clock.now()
        wanted = charge_filter(last_days(DEFAULT_DAYS, now))
        ledger = self._backends.ledger
        balance, sums, latest = await asyncio.gather(
            attempt(self._backends.telnyx.GetBalance(GetBalanceRequest(), timeout=PART_TIMEOUT_S)),
            attempt(ledger.Summarize(SummarizeRequest(filter=wanted), timeout=PART_TIMEOUT_S)),
            attempt(
                ledger.ListCharges(ListChargesRequest(page_size=_LATEST_RECORDS), timeout=PART_TIMEOUT_S)
            ),
        )
        return HTMLResponse(
            render(
                "billing.html",
                now=show_time(now, UTC_ZONE),
                refresh_s=_REFRESH_S,
                days=DEFAULT_DAYS,
                **_balance_card(balance),
                **_cost_cards(sums),
                **_records_table(latest),
            )
        )


def _balance_card(balance: GetBalanceResponse | Failure) -> dict[str, object]:
    if isinstance(balance, Failure):
        return {"balance": None, "balance_error": balance.reason}
    return {
        "balance": shown(balance.balance),
        "available_credit": shown(balance.available_credit),
        "balance_error": "",
    }


def _cost_cards(sums: SummarizeResponse | Failure) -> dict[str, object]:
    if isinstance(sums, Failure):
        return {"costs": None, "costs_error": sums.reason}
    totals = sums.totals[0] if sums.totals else Totals()
    return {
        "costs": {
            "total": shown(totals.total_cost),
            "estimated": shown(totals.estimated_cost),
            "sms": shown(totals.sms_cost),
            "call": shown(totals.call_cost),
            "count": totals.count,
        },
        "other_totals": [shown(other.total_cost) for other in sums.totals[1:]],
        "costs_error": "",
    }


def _records_table(latest: ListChargesResponse | Failure) -> dict[str, object]:
    if isinstance(latest, Failure):
        return {"rows": [], "records_error": latest.reason}
    return {"rows": [_row_of(charge) for charge in latest.charges], "records_error": ""}


def _row_of(charge: Charge) -> _Row:
    moment = optional_time(charge, "time")
    return _Row(
        time=show_time(moment, UTC_ZONE) if moment else None,
        type_word=TYPE_WORDS[record_type_of(charge)],
        phone_number=charge.phone_number,
        contact=charge.contact,
        duration=duration_words(charge.duration_seconds),
        cost=shown(charge.cost),
        status=status_of(charge.status),
        source=SOURCE_WORDS.get(charge.source, charge.source),
        description=charge.description,
    )
