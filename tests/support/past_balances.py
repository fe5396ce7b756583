"""The balances of past days, as a Tollbook that had run all along would have read them.

They are worked back from today's balance through what the book and charges_summary say of each day.
"""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from services.common.channel import open_channel
from services.common.money import NANOS_PER_UNIT, Money, parse_nanos
from services.common.wire import from_date, from_money, to_date, to_money, to_timestamp
from tests.support.stack import Stack
from tollbook.ledger.v1.balance_pb2 import (
    BalanceSnapshot,
    ListAccountChargesRequest,
    RecordBalanceRequest,
)
from tollbook.ledger.v1.balance_pb2_grpc import BalanceServiceStub

_DAY = timedelta(days=1)
_LAST_MOMENT = time(23, 59, 59, tzinfo=UTC)
_TOP_UP_NANOS = 10 * NANOS_PER_UNIT
_TOP_UP_DAYS_AGO = 3


async def remember_balances(stack: Stack, days: int) -> None:
    """One balance at the end of each of the days before today, with a top-up of 10 three days ago, and one now."""
    today = datetime.now(UTC).date()
    async with open_channel(stack.tollbook.environment["LEDGER_TARGET"]) as channel:
        ledger = BalanceServiceStub(channel)
        spent = await _spent_by_day(stack, ledger, today - days * _DAY, today)
        told, read_at = stack.get("/api/billing/balance"), datetime.now(UTC)
        nanos, credit = parse_nanos(told["balance"]), parse_nanos(told["creditLimit"])
        for days_ago in range(-1, days):
            if days_ago >= 0:
                day = today - days_ago * _DAY
                nanos += spent[day] - (_TOP_UP_NANOS if days_ago == _TOP_UP_DAYS_AGO else 0)
                read_at = datetime.combine(day - _DAY, _LAST_MOMENT)
            snapshot = _snapshot(nanos, credit, told["currency"], read_at)
            await ledger.RecordBalance(RecordBalanceRequest(snapshot=snapshot))


async def _spent_by_day(stack: Stack, ledger: BalanceServiceStub, first: date, last: date) -> Counter[date]:
    spent: Counter[date] = Counter()
    for line in stack.get("/api/billing/audit", **{"from": str(first), "to": str(last)})["lines"]:
        spent[date.fromisoformat(line["day"])] += parse_nanos(line["bookCost"])
    request = ListAccountChargesRequest(from_day=to_date(first), to_day=to_date(last + _DAY))
    for told in (await ledger.ListAccountCharges(request)).days:
        spent[from_date(told.charges.day)] += from_money(told.charges.grand_total).nanos
    return spent


def _snapshot(nanos: int, credit_nanos: int, currency: str, read_at: datetime) -> BalanceSnapshot:
    return BalanceSnapshot(
        balance=to_money(Money(currency, nanos)),
        pending=to_money(Money(currency, 0)),
        credit_limit=to_money(Money(currency, credit_nanos)),
        available_credit=to_money(Money(currency, nanos + credit_nanos)),
        read_time=to_timestamp(read_at),
    )
