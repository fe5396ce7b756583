"""Where the balance is going: how it has changed since the period before, and how long it will last."""

from dataclasses import dataclass
from datetime import datetime

from gateway.book_answers import DEFAULT_CURRENCY
from gateway.pages.asking import Failure
from gateway.pages.balance.burn import BurnView
from gateway.pages.balance.statement_view import burn_of
from gateway.pages.overview.cards import BalanceReading
from gateway.pages.overview.shares import Change, change_of
from gateway.pages.view import View
from services.common.money import Money
from services.common.wire import from_money
from tollbook.ledger.v1.balance_pb2 import GetBalanceTrendResponse


@dataclass(frozen=True, slots=True)
class BalanceTrend:
    """`change` is against the end of the period before; None where the balance of then is not known.

    `burn` is None while there is too little to tell.
    """

    change: Change | None
    burn: BurnView | None


def balance_trend(
    balance: BalanceReading | Failure, trend: GetBalanceTrendResponse | Failure, view: View, now: datetime
) -> BalanceTrend | Failure | None:
    """The trend of a view; None where there is nothing to tell, a Failure where the book does not."""
    if isinstance(trend, Failure):
        return trend
    reaches_now = view.span.to_at is None or view.span.to_at >= now
    change = _change(balance, trend) if reaches_now and not isinstance(balance, Failure) else None
    burn = burn_of(trend)
    return BalanceTrend(change, burn) if change or burn else None


def _change(balance: BalanceReading, trend: GetBalanceTrendResponse) -> Change | None:
    if not trend.HasField("before"):
        return None
    then, now = from_money(trend.before.balance), from_money(balance.balance)
    if then.currency != now.currency:
        return None
    currency = now.currency or DEFAULT_CURRENCY
    return change_of(Money(currency, then.nanos), Money(currency, now.nanos))
