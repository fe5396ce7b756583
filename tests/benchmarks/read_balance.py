"""A balance in the book, as there always is one where the reconciler runs: without it the page asks telnyx-gateway."""

import asyncio
from datetime import UTC, datetime

from services.common.channel import open_channel
from services.common.money import Money
from services.common.wire import to_money, to_timestamp
from tollbook.ledger.v1.balance_pb2 import BalanceSnapshot, RecordBalanceRequest
from tollbook.ledger.v1.balance_pb2_grpc import BalanceServiceStub

_BALANCE = to_money(Money("USD", 25_000_000_000))
_NOTHING = to_money(Money("USD", 0))


def record_balance(ledger_target: str) -> None:
    """Record that the account has $25, read now."""
    asyncio.run(_record_balance(ledger_target))


async def _record_balance(ledger_target: str) -> None:
    snapshot = BalanceSnapshot(
        balance=_BALANCE,
        pending=_NOTHING,
        credit_limit=_NOTHING,
        available_credit=_BALANCE,
        read_time=to_timestamp(datetime.now(UTC)),
    )
    async with open_channel(ledger_target) as channel:
        await BalanceServiceStub(channel).RecordBalance(RecordBalanceRequest(snapshot=snapshot))
