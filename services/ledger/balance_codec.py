"""Balance, account charges and statement to and from their protobuf messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.common.errors import InvalidInput
from services.common.money import Money
from services.common.wire import to_date, to_money, to_timestamp
from services.ledger.account_charges import AMOUNTS, AccountCharges
from services.ledger.amounts import day_of, moment_of, money_of
from services.ledger.balances import BurnRate, Snapshot
from services.ledger.statement import Line, LineKind
from tollbook.ledger.v1 import balance_pb2

_USUAL_POINTS = 500
_MOST_POINTS = 5000

_LINE_KINDS: Mapping[LineKind, "balance_pb2.StatementLineKind.ValueType"] = {
    "top_up": balance_pb2.STATEMENT_LINE_KIND_TOP_UP,
    "usage": balance_pb2.STATEMENT_LINE_KIND_USAGE,
    "monthly": balance_pb2.STATEMENT_LINE_KIND_MONTHLY,
    "one_time": balance_pb2.STATEMENT_LINE_KIND_ONE_TIME,
    "credits": balance_pb2.STATEMENT_LINE_KIND_CREDITS,
    "adjustments": balance_pb2.STATEMENT_LINE_KIND_ADJUSTMENTS,
    "taxes_and_fees": balance_pb2.STATEMENT_LINE_KIND_TAXES_AND_FEES,
    "unexplained": balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED,
}


def decode_snapshot(message: balance_pb2.BalanceSnapshot) -> Snapshot:
    """A snapshot with all its amounts in one currency. Raises InvalidInput."""
    balance = money_of(message, "balance")
    amounts = {
        f"{name}_nanos": money_of(message, name, balance.currency).nanos
        for name in ("pending", "credit_limit", "available_credit")
    }
    return Snapshot(
        read_at=moment_of(message, "read_time"),
        currency=balance.currency,
        balance_nanos=balance.nanos,
        **amounts,
    )


def encode_snapshot(snapshot: Snapshot) -> balance_pb2.BalanceSnapshot:
    """The inverse of decode_snapshot."""
    currency = snapshot.currency
    return balance_pb2.BalanceSnapshot(
        balance=to_money(Money(currency, snapshot.balance_nanos)),
        pending=to_money(Money(currency, snapshot.pending_nanos)),
        credit_limit=to_money(Money(currency, snapshot.credit_limit_nanos)),
        available_credit=to_money(Money(currency, snapshot.available_credit_nanos)),
        read_time=to_timestamp(snapshot.read_at),
    )


def encode_burn_rate(rate: BurnRate) -> balance_pb2.BurnRate:
    """How fast the balance is used up."""
    message = balance_pb2.BurnRate(per_day=to_money(Money(rate.currency, rate.nanos_per_day)))
    message.observed.FromTimedelta(rate.observed)
    if rate.time_left is not None:
        message.time_left.FromTimedelta(rate.time_left)
    return message


def decode_charges(message: balance_pb2.AccountCharges, read_at: datetime) -> AccountCharges:
    """One day of charges_summary; what it does not mention is 0. Raises InvalidInput, also without a grand total."""
    total = money_of(message, "grand_total")
    told = {descriptor.name for descriptor, _ in message.ListFields()}
    amounts = {
        f"{name}_nanos": money_of(message, name, total.currency).nanos if name in told else 0
        for name in AMOUNTS
    }
    return AccountCharges(day=day_of(message.day, "day"), read_at=read_at, currency=total.currency, **amounts)


def encode_charges(charges: AccountCharges) -> balance_pb2.ReadAccountCharges:
    """One day of charges_summary, and when it was read."""
    amounts = {name: to_money(Money(charges.currency, getattr(charges, f"{name}_nanos"))) for name in AMOUNTS}
    return balance_pb2.ReadAccountCharges(
        charges=balance_pb2.AccountCharges(day=to_date(charges.day), **amounts),
        read_time=to_timestamp(charges.read_at),
    )


def encode_lines(lines: Sequence[Line], currency: str) -> list[balance_pb2.StatementLine]:
    """The lines of a statement."""
    return [
        balance_pb2.StatementLine(
            kind=_LINE_KINDS[line.kind],
            amount=to_money(Money(currency, line.nanos)),
            record_type=line.record_type,
            time=to_timestamp(line.at),
            is_inferred=line.is_inferred,
        )
        for line in lines
    ]


def decode_max_points(asked: int) -> int:
    """How many snapshots an answer may tell. Raises InvalidInput."""
    if asked and not 2 <= asked <= _MOST_POINTS:
        raise InvalidInput(f"from 2 to {_MOST_POINTS} snapshots can be told", "max_points")
    return asked or _USUAL_POINTS
