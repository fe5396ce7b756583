"""The four cards: what is on the account, and what was spent, beside what was spent in the period before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.type.money_pb2 import Money as MoneyMessage

from gateway.book_answers import DEFAULT_CURRENCY
from gateway.pages.asking import Failure
from gateway.pages.money import ShownMoney
from gateway.pages.overview.shares import Change, Share, change_of, share_of
from gateway.pages.templates import shown
from gateway.pages.zones import ShownTime, Zone, show_time
from services.common.money import Money
from services.common.wire import from_money, optional_time
from tollbook.ledger.v1.balance_pb2 import BalanceSnapshot
from tollbook.ledger.v1.ledger_pb2 import SummarizeResponse, Totals
from tollbook.telnyx.v1.telnyx_gateway_pb2 import GetBalanceResponse

_MINUTE_S = 60
_HOUR_S = 3600

BalanceReading = BalanceSnapshot | GetBalanceResponse
"""What Telnyx said of the balance: as the book has kept it, or as telnyx-gateway has just read it."""


@dataclass(frozen=True, slots=True)
class BalanceCard:
    """What is on the account; `read_at` is when Telnyx said so, `age` how long ago that is."""

    balance: ShownMoney
    available_credit: ShownMoney
    read_at: ShownTime | None
    age: str


@dataclass(frozen=True, slots=True)
class CostCard:
    """One of the costs. `change` is None without a period before, or when nothing is known of it.

    `is_first`: in the period before there was no record at all, so that it says nothing about more or less.
    """

    name: str
    title: str
    cost: ShownMoney
    change: Change | None
    is_first: bool
    others: tuple[ShownMoney, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much is exact, by money and by count. A share is None where there is no whole."""

    by_money: Share | None
    by_count: Share | None
    exact: ShownMoney
    estimated: ShownMoney
    count: int
    exact_count: int


def balance_card(balance: BalanceReading, now: datetime, zone: Zone) -> BalanceCard:
    """The card of the account's balance."""
    read_at = optional_time(balance, "read_time")
    return BalanceCard(
        balance=shown(balance.balance),
        available_credit=shown(balance.available_credit),
        read_at=show_time(read_at, zone) if read_at else None,
        age=age_words(int((now - read_at).total_seconds())) if read_at else "",
    )


def age_words(seconds: int) -> str:
    """How long ago something was: `now`, `12 s ago`, `3 min ago`, `2 h ago`."""
    if seconds < 1:
        return "now"
    if seconds < _MINUTE_S:
        return f"{seconds} s ago"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min ago"
    return f"{seconds // _HOUR_S} h ago"


def cost_cards(sums: SummarizeResponse, before: SummarizeResponse | Failure | None) -> list[CostCard]:
    """Total, SMS and call cost, each in the account's currency and the others apart."""
    main, *others = list(sums.totals) or [Totals(currency=DEFAULT_CURRENCY)]
    earlier = _earlier(before, main.currency)
    is_first = earlier is not None and not earlier.count
    return [
        CostCard(
            name=name,
            title=title,
            cost=shown(getattr(main, field)),
            change=change_of(
                _money(getattr(earlier, field), main.currency), _money(getattr(main, field), main.currency)
            )
            if earlier is not None and not is_first
            else None,
            is_first=is_first,
            others=_others(others, field),
        )
        for name, title, field in (
            ("total", "Total cost", "total_cost"),
            ("sms", "SMS cost", "sms_cost"),
            ("call", "Call cost", "call_cost"),
        )
    ]


def coverage_of(sums: SummarizeResponse) -> Coverage:
    """How much of the account's currency is exact; the count is that of all currencies."""
    main = sums.totals[0] if sums.totals else Totals()
    count = sum(totals.count for totals in sums.totals)
    exact_count = sum(totals.exact_count for totals in sums.totals)
    return Coverage(
        by_money=share_of(from_money(main.exact_cost).nanos, from_money(main.total_cost).nanos),
        by_count=share_of(exact_count, count),
        exact=shown(main.exact_cost),
        estimated=shown(main.estimated_cost),
        count=count,
        exact_count=exact_count,
    )


def _earlier(before: SummarizeResponse | Failure | None, currency: str) -> Totals | None:
    """The sums of the period before in one currency; None where they are not known."""
    if before is None or isinstance(before, Failure):
        return None
    return next(
        (totals for totals in before.totals if totals.currency == currency), Totals(currency=currency)
    )


def _money(message: MoneyMessage, currency: str) -> Money:
    return Money(currency or DEFAULT_CURRENCY, from_money(message).nanos)


def _others(others: Sequence[Totals], field: str) -> tuple[ShownMoney, ...]:
    shares = (shown(getattr(totals, field)) for totals in others)
    return tuple(amount for amount in shares if not amount.is_zero)
