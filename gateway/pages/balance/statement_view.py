"""What the services say of the balance, as the parts of the page `/billing/statement`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.type.money_pb2 import Money as MoneyMessage

from gateway.balance_answers import LINE_KINDS, account_currency
from gateway.book_answers import DEFAULT_CURRENCY
from gateway.pages.balance.balance_chart import BalanceChart, balance_chart
from gateway.pages.balance.balance_line import Reading
from gateway.pages.balance.burn import BurnView, burn_view
from gateway.pages.balance.statement_rows import Movement, StatementRows, statement_rows
from gateway.pages.periods import Period
from services.common.money import Money
from services.common.wire import from_money, from_timestamp, optional_time
from tollbook.ledger.v1 import balance_pb2


@dataclass(frozen=True, slots=True)
class BalanceThen:
    """A balance, and when Telnyx said so."""

    balance: Money
    available: Money
    at: datetime | None


@dataclass(frozen=True, slots=True)
class StatementView:
    """From `opening` to `closing`; both and `rows` are None where no balance is known. `others`: in no sum."""

    opening: BalanceThen | None
    closing: BalanceThen | None
    rows: StatementRows | None
    others: Sequence[Movement]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class HistoryView:
    """The balance over time; `chart` is None where nothing is known, `burn` while there is too little to tell."""

    chart: BalanceChart | None
    burn: BurnView | None


def statement_view(statement: balance_pb2.GetStatementResponse) -> StatementView:
    """The view of a statement."""
    currency = account_currency(statement)
    opening = _balance_then(statement.opening) if statement.HasField("opening") else None
    closing = _balance_then(statement.closing) if statement.HasField("closing") else None
    movements = [_movement(line) for line in statement.lines]
    return StatementView(
        opening=opening,
        closing=closing,
        rows=statement_rows(opening.balance, movements, closing.balance) if opening and closing else None,
        others=[movement for movement in movements if movement.amount.currency != currency],
        notes=list(statement.notes),
    )


def history_view(history: balance_pb2.ListBalancesResponse, period: Period) -> HistoryView:
    """The view of a history. Balances in another currency than the last are left out: they have no common axis."""
    snapshots = history.snapshots
    currency = _money(snapshots[-1].balance).currency if snapshots else DEFAULT_CURRENCY
    readings = [
        Reading(from_timestamp(snapshot.read_time), _money(snapshot.balance).nanos)
        for snapshot in snapshots
        if _money(snapshot.balance).currency == currency
    ]
    return HistoryView(balance_chart(readings, period, currency), burn_of(history))


def burn_of(told: balance_pb2.ListBalancesResponse | balance_pb2.GetBalanceTrendResponse) -> BurnView | None:
    """How fast the balance is used up; None while there is too little to tell."""
    if not told.HasField("burn_rate"):
        return None
    rate = told.burn_rate
    left_s = rate.time_left.seconds if rate.HasField("time_left") else None
    return burn_view(_money(rate.per_day), rate.observed.seconds, left_s)


def _movement(line: balance_pb2.StatementLine) -> Movement:
    return Movement(
        kind=LINE_KINDS.get(line.kind, "unexplained"),
        amount=_money(line.amount),
        detail=line.record_type,
        at=optional_time(line, "time"),
        is_inferred=line.is_inferred,
    )


def _balance_then(snapshot: balance_pb2.BalanceSnapshot) -> BalanceThen:
    return BalanceThen(
        _money(snapshot.balance), _money(snapshot.available_credit), optional_time(snapshot, "read_time")
    )


def _money(message: MoneyMessage) -> Money:
    money = from_money(message)
    return Money(money.currency or DEFAULT_CURRENCY, money.nanos)
