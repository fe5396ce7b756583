"""What people and cron ask for meanwhile: without them some steps of the processes are never taken."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

import grpc
import httpx

from services.common.channel import open_channel
from services.common.money import Money
from services.common.wire import to_date, to_money, to_timestamp
from tests.support.processes import Tollbook
from tollbook.ledger.v1.balance_pb2 import (
    AccountCharges,
    BalanceSnapshot,
    RecordAccountChargesRequest,
    RecordBalanceRequest,
)
from tollbook.ledger.v1.balance_pb2_grpc import BalanceServiceStub
from tollbook.ledger.v1.proof_pb2 import ReplayEventsRequest
from tollbook.ledger.v1.proof_pb2_grpc import ProofServiceStub
from tollbook.reconciler.v1.backfill_pb2 import (
    BACKFILL_METHOD_REPORTS,
    BackfillRequest,
    RecoverDeliveriesRequest,
)
from tollbook.reconciler.v1.backfill_pb2_grpc import BackfillServiceStub
from tollbook.telnyx.v1.telnyx_gateway_pb2 import GetBalanceRequest
from tollbook.telnyx.v1.telnyx_gateway_pb2_grpc import TelnyxGatewayServiceStub

_ANSWER_S: Final = 20.0
_RECENT: Final = timedelta(seconds=10)
_DAY: Final = timedelta(days=1)
_EMPTY_DAYS: Final = 300

Wish = Callable[[], Awaitable[object]]
"""Something to ask for. What it raises is what gRPC or httpx raise."""


class People:
    """Ask again and again for whatever can be asked for. That nobody answers is no surprise to them."""

    def __init__(self, tollbook: Tollbook, old_days: Sequence[date], rng: random.Random) -> None:
        """`old_days`: of which reports are ordered, one after the other."""
        self._tollbook = tollbook
        self._old_days = old_days
        self._rng = rng

    def run(self, kills_are_done: threading.Event) -> None:
        """Ask until all kills are done."""
        asyncio.run(self._ask_all(kills_are_done))

    async def _ask_all(self, kills_are_done: threading.Event) -> None:
        async with (
            httpx.AsyncClient(base_url=self._tollbook.edge_url, timeout=_ANSWER_S, trust_env=False) as http,
            open_channel(self._tollbook.target("ledger")) as ledger,
            open_channel(self._tollbook.target("reconciler")) as reconciler,
            open_channel(self._tollbook.target("telnyx_gateway")) as telnyx,
        ):
            proof, balances = ProofServiceStub(ledger), BalanceServiceStub(ledger)
            history = BackfillServiceStub(reconciler)
            wishes: tuple[tuple[float, Wish], ...] = (
                (1.5, lambda: self._fetch_a_cost(http)),
                (3.0, lambda: http.post("/api/cron/process-call-costs")),
                (6.0, lambda: http.get("/api/billing/audit")),
                (3.0, lambda: self._replay(proof)),
                (3.0, lambda: self._recover(history)),
                (1.5, lambda: self._backfill(history)),
                (3.0, lambda: _record_the_balance(TelnyxGatewayServiceStub(telnyx), balances)),
                (3.0, lambda: self._record_account_charges(balances)),
            )
            asking = [asyncio.create_task(_again_and_again(wish, pause_s)) for pause_s, wish in wishes]
            await asyncio.to_thread(kills_are_done.wait)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _fetch_a_cost(self, http: httpx.AsyncClient) -> None:
        listed = await http.get("/api/billing/records", params={"status": "estimated", "limit": 50})
        records = listed.raise_for_status().json()["records"]
        if records:
            call_id = self._rng.choice(records)["id"]
            await http.post("/api/billing/fetch-call-cost", json={"callControlId": call_id})

    async def _replay(self, proof: ProofServiceStub) -> None:
        since = to_timestamp(datetime.now(UTC) - _RECENT)
        async for _ in proof.ReplayEvents(ReplayEventsRequest(from_time=since), timeout=_ANSWER_S):
            pass

    async def _recover(self, history: BackfillServiceStub) -> None:
        now = datetime.now(UTC)
        span = RecoverDeliveriesRequest(from_time=to_timestamp(now - _RECENT), to_time=to_timestamp(now))
        await history.RecoverDeliveries(span, timeout=_ANSWER_S)

    async def _backfill(self, history: BackfillServiceStub) -> None:
        """A day that is booked is not read again: days on which there was nothing never come to an end."""
        if self._old_days:
            empty_day = min(self._old_days) - self._rng.randint(1, _EMPTY_DAYS) * _DAY
            await backfill(history, self._rng.choice((self._rng.choice(self._old_days), empty_day)), 1)

    async def _record_account_charges(self, balances: BalanceServiceStub) -> None:
        """Of a day on which nothing was charged: the reconciler has soon recorded all that it ever will."""
        now = datetime.now(UTC)
        charges = AccountCharges(
            day=to_date(now.date() - _EMPTY_DAYS * _DAY), grand_total=to_money(Money("USD", 0))
        )
        request = RecordAccountChargesRequest(days=[charges], read_time=to_timestamp(now))
        await balances.RecordAccountCharges(request)


async def backfill(history: BackfillServiceStub, first: date, day_count: int) -> None:
    """Book some days from batch reports. Raises AioRpcError."""
    request = BackfillRequest(
        from_day=to_date(first), to_day=to_date(first + day_count * _DAY), method=BACKFILL_METHOD_REPORTS
    )
    async for _ in history.Backfill(request, timeout=_ANSWER_S * 3):
        pass


async def _record_the_balance(telnyx: TelnyxGatewayServiceStub, balances: BalanceServiceStub) -> None:
    """As the reconciler does each five minutes, which is too seldom here."""
    answer = await telnyx.GetBalance(GetBalanceRequest())
    snapshot = BalanceSnapshot(
        balance=answer.balance,
        pending=answer.pending,
        credit_limit=answer.credit_limit,
        available_credit=answer.available_credit,
        read_time=answer.read_time,
    )
    await balances.RecordBalance(RecordBalanceRequest(snapshot=snapshot))


async def _again_and_again(wish: Wish, pause_s: float) -> None:
    while True:
        with suppress(httpx.HTTPError, grpc.aio.AioRpcError):
            await wish()
        await asyncio.sleep(pause_s)
