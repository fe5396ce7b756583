"""Days of long ago, which only batch reports bring into the book, and a sweep of the days before today."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import grpc

from services.common.channel import open_channel
from services.common.wire import to_timestamp
from tests.chaos.kills.people import backfill
from tests.support.stack import Stack
from tollbook.ledger.v1.book_pb2 import Sweep
from tollbook.ledger.v1.ledger_pb2 import RecordSweepRequest
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from tollbook.reconciler.v1.backfill_pb2 import RecoverDeliveriesRequest
from tollbook.reconciler.v1.backfill_pb2_grpc import BackfillServiceStub

_OLDEST_DAYS_AGO: Final = 60
_CALLS_PER_DAY: Final = 2
_FIRST_SWEEP_AGO: Final = timedelta(days=25)
_BACKFILLED_WITHIN_S: Final = 120.0
_LOOK_AGAIN_S: Final = 1.0
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OldDays:
    """UTC days beyond what sweeps read, each with some calls."""

    days: tuple[date, ...]


def make_old_days(stack: Stack, count: int) -> OldDays:
    """Let calls have happened long ago, and Tollbook have begun weeks ago, so that there are always days to be closed.

    `count`: on how many days, at most 29.
    """
    now = datetime.now(UTC)
    for days_ago in range(_OLDEST_DAYS_AGO - count + 1, _OLDEST_DAYS_AGO + 1):
        stack.sandbox.client.create(
            "pstn-outbound",
            _CALLS_PER_DAY,
            ended_ago_s=days_ago * _DAY.total_seconds(),
            deliver=False,
            visible_at_once=True,
        )
    asyncio.run(_record_a_sweep(stack.tollbook.target("ledger"), now - _FIRST_SWEEP_AGO))
    first = (now - _OLDEST_DAYS_AGO * _DAY).date()
    # A call that began before midnight is of the day before.
    return OldDays(tuple(first + offset * _DAY for offset in range(-1, count)) if count else ())


def book_old_days(stack: Stack, old_days: OldDays) -> None:
    """Bring in what reports have left, and the webhooks that nobody took: what else is done each hour, or by hand."""
    asyncio.run(_book_old_days(stack.tollbook.target("reconciler"), old_days))


async def _record_a_sweep(ledger_target: str, read_at: datetime) -> None:
    sweep = Sweep(
        record_type="call-control",
        from_time=to_timestamp(read_at - timedelta(hours=1)),
        to_time=to_timestamp(read_at),
        read_time=to_timestamp(read_at),
        query_form="the first sweep of this book",
        account_key="sandbox",
    )
    async with open_channel(ledger_target) as channel:
        await LedgerServiceStub(channel).RecordSweep(RecordSweepRequest(sweep=sweep))


async def _book_old_days(reconciler_target: str, old_days: OldDays) -> None:
    now = datetime.now(UTC)
    async with open_channel(reconciler_target) as channel:
        history = BackfillServiceStub(channel)
        if old_days.days:
            await _backfill_all(history, old_days)
        failed = RecoverDeliveriesRequest(
            from_time=to_timestamp(now - timedelta(hours=1)), to_time=to_timestamp(now)
        )
        await history.RecoverDeliveries(failed, timeout=120)


async def _backfill_all(history: BackfillServiceStub, old_days: OldDays) -> None:
    """One that people have begun may still be running."""
    async with asyncio.timeout(_BACKFILLED_WITHIN_S):
        while True:
            try:
                return await backfill(history, old_days.days[0], len(old_days.days))
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.ABORTED:
                    raise
            await asyncio.sleep(_LOOK_AGAIN_S)
