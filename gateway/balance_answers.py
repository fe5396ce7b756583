"""The account's balance over time, as REST answers: `/api/billing/statement` and `/api/billing/balance/history`."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from google.protobuf.duration_pb2 import Duration

from gateway.answers import Answer, Balance
from gateway.book_answers import DEFAULT_CURRENCY, number_of
from gateway.exact_response import money_number
from gateway.pages.periods import Period
from services.common.money import Money
from services.common.wire import optional_time
from tollbook.ledger.v1 import balance_pb2

LINE_KINDS = {
    balance_pb2.STATEMENT_LINE_KIND_TOP_UP: "top_up",
    balance_pb2.STATEMENT_LINE_KIND_USAGE: "usage",
    balance_pb2.STATEMENT_LINE_KIND_MONTHLY: "monthly",
    balance_pb2.STATEMENT_LINE_KIND_ONE_TIME: "one_time",
    balance_pb2.STATEMENT_LINE_KIND_CREDITS: "credits",
    balance_pb2.STATEMENT_LINE_KIND_ADJUSTMENTS: "adjustments",
    balance_pb2.STATEMENT_LINE_KIND_TAXES_AND_FEES: "taxes_and_fees",
    balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED: "unexplained",
}

_DAY_S = 86_400
_NANOS_PER_HUNDREDTH = 10_000_000


class BalanceSnapshot(Balance):
    """The balance at one moment: when telnyx-gateway received it."""

    read_at: datetime | None


class BurnRate(Answer):
    """How fast the balance is used up, top-ups left out. `days_left` is null where the credit does not shrink."""

    per_day: msgspec.Raw
    currency: str
    observed_days: msgspec.Raw
    days_left: msgspec.Raw | None


class BalanceHistory(Answer):
    """Snapshots, oldest first. `burn_rate` is null while there is too little to tell."""

    from_at: datetime = msgspec.field(name="from")
    to_at: datetime = msgspec.field(name="to")
    snapshots: list[BalanceSnapshot]
    burn_rate: BurnRate | None


class StatementLine(Answer):
    """`amount` as it moves the balance: usage is negative. `inferred`: nobody told it, it follows from the balance."""

    kind: str
    amount: msgspec.Raw
    record_type: str | None
    time: datetime | None
    inferred: bool


class OtherLines(Answer):
    """What was charged in another currency than the account's, and is in no sum of the statement."""

    currency: str
    lines: list[StatementLine]


class Statement(Answer):
    """Opening, lines and closing; `unexplained` is the line of that kind once more. Null where no balance is known."""

    from_at: datetime = msgspec.field(name="from")
    to_at: datetime = msgspec.field(name="to")
    currency: str
    opening: BalanceSnapshot | None
    lines: list[StatementLine]
    unexplained: msgspec.Raw | None
    closing: BalanceSnapshot | None
    notes: list[str]
    other_currencies: list[OtherLines] | msgspec.UnsetType = msgspec.UNSET


def history_of(period: Period, history: balance_pb2.ListBalancesResponse) -> BalanceHistory:
    """The balance over a period."""
    return BalanceHistory(
        from_at=period.from_at,
        to_at=period.to_at,
        snapshots=[_snapshot_of(snapshot) for snapshot in history.snapshots],
        burn_rate=_burn_rate_of(history.burn_rate) if history.HasField("burn_rate") else None,
    )


def statement_of(period: Period, statement: balance_pb2.GetStatementResponse) -> Statement:
    """The statement of a period."""
    currency = account_currency(statement)
    unexplained = [
        line
        for line in statement.lines
        if line.kind == balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED and _currency_of(line) == currency
    ]
    others = sorted({_currency_of(line) for line in statement.lines} - {currency})
    return Statement(
        from_at=period.from_at,
        to_at=period.to_at,
        currency=currency,
        opening=_snapshot_of(statement.opening) if statement.HasField("opening") else None,
        lines=_lines_in(currency, statement.lines),
        unexplained=number_of(unexplained[0].amount) if unexplained else None,
        closing=_snapshot_of(statement.closing) if statement.HasField("closing") else None,
        notes=list(statement.notes),
        other_currencies=[OtherLines(code, _lines_in(code, statement.lines)) for code in others]
        or msgspec.UNSET,
    )


def account_currency(statement: balance_pb2.GetStatementResponse) -> str:
    """The currency of the balance."""
    return statement.opening.balance.currency_code or DEFAULT_CURRENCY


def _lines_in(currency: str, lines: Sequence[balance_pb2.StatementLine]) -> list[StatementLine]:
    return [
        StatementLine(
            kind=LINE_KINDS.get(line.kind, "unexplained"),
            amount=number_of(line.amount),
            record_type=line.record_type or None,
            time=optional_time(line, "time"),
            inferred=line.is_inferred,
        )
        for line in lines
        if _currency_of(line) == currency
    ]


def _currency_of(line: balance_pb2.StatementLine) -> str:
    return line.amount.currency_code or DEFAULT_CURRENCY


def _snapshot_of(snapshot: balance_pb2.BalanceSnapshot) -> BalanceSnapshot:
    return BalanceSnapshot(
        balance=number_of(snapshot.balance),
        pending=number_of(snapshot.pending),
        credit_limit=number_of(snapshot.credit_limit),
        available_credit=number_of(snapshot.available_credit),
        currency=snapshot.balance.currency_code or DEFAULT_CURRENCY,
        read_at=optional_time(snapshot, "read_time"),
    )


def _burn_rate_of(rate: balance_pb2.BurnRate) -> BurnRate:
    return BurnRate(
        per_day=number_of(rate.per_day),
        currency=rate.per_day.currency_code or DEFAULT_CURRENCY,
        observed_days=_days_of(rate.observed),
        days_left=_days_of(rate.time_left) if rate.HasField("time_left") else None,
    )


def _days_of(duration: Duration) -> msgspec.Raw:
    """A length of time in days, cut off after two decimals."""
    return money_number(Money("", duration.seconds * 100 // _DAY_S * _NANOS_PER_HUNDREDTH))
