"""The ledger's gRPC service for the account's balance: decode, hand to the store, encode."""

from functools import partial
from typing import Any

import grpc
from sqlalchemy import Connection

from services.common.errors import InvalidInput
from services.ledger import failpoints
from services.ledger.amounts import MAX_DAYS, days_of, moment_of, period_of
from services.ledger.balance_codec import (
    decode_charges,
    decode_max_points,
    decode_snapshot,
    encode_burn_rate,
    encode_charges,
    encode_lines,
    encode_snapshot,
)
from services.ledger.balances import BURN_PERIOD, BurnRate, Snapshot, burn_rate, thinned
from services.ledger.statement import statement_lines
from services.ledger.statement_notes import notes_of
from services.ledger.store.account_charges import add_charges, list_charges_of_days
from services.ledger.store.balances import (
    add_snapshot,
    last_before,
    last_snapshot,
    list_changes,
    list_turns,
)
from services.ledger.store.book import Book
from services.ledger.store.statement_facts import load_statement
from tollbook.ledger.v1 import balance_pb2, balance_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]

_NO_BALANCE = "No balance was read in this period."


class BalanceService(balance_pb2_grpc.BalanceServiceServicer):
    """Answers for the balance. Errors are domain errors; the server's interceptor maps them."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._database = book.database

    async def RecordBalance(
        self, request: balance_pb2.RecordBalanceRequest, _context: Context
    ) -> balance_pb2.RecordBalanceResponse:
        snapshot = decode_snapshot(request.snapshot)
        await self._database.write_async(partial(add_snapshot, snapshot=snapshot))
        failpoints.BALANCE_RECORDED.reached()
        return balance_pb2.RecordBalanceResponse()

    async def ListBalances(
        self, request: balance_pb2.ListBalancesRequest, _context: Context
    ) -> balance_pb2.ListBalancesResponse:
        from_at, to_at = period_of(request)
        max_points = decode_max_points(request.max_points)
        now = self._book.clock.now()

        def read(connection: Connection) -> tuple[list[Snapshot], BurnRate | None]:
            lately = list_turns(connection, now - BURN_PERIOD, now)
            return thinned(list_changes(connection, from_at, to_at), max_points), burn_rate(lately)

        snapshots, rate = await self._database.read_async(read)
        return balance_pb2.ListBalancesResponse(
            snapshots=map(encode_snapshot, snapshots), burn_rate=encode_burn_rate(rate) if rate else None
        )

    async def GetBalanceTrend(
        self, request: balance_pb2.GetBalanceTrendRequest, _context: Context
    ) -> balance_pb2.GetBalanceTrendResponse:
        has_period = request.HasField("from_time") or request.HasField("to_time")
        period = period_of(request) if has_period else None
        now = self._book.clock.now()

        def read(connection: Connection) -> tuple[Snapshot | None, Snapshot | None, BurnRate | None]:
            before = last_before(connection, period[1]) if period else None
            is_inside = before is not None and period is not None and before.read_at >= period[0]
            rate = burn_rate(list_turns(connection, now - BURN_PERIOD, now))
            return last_snapshot(connection), before if is_inside else None, rate

        latest, before, rate = await self._database.read_async(read)
        return balance_pb2.GetBalanceTrendResponse(
            latest=encode_snapshot(latest) if latest else None,
            before=encode_snapshot(before) if before else None,
            burn_rate=encode_burn_rate(rate) if rate else None,
        )

    async def RecordAccountCharges(
        self, request: balance_pb2.RecordAccountChargesRequest, _context: Context
    ) -> balance_pb2.RecordAccountChargesResponse:
        if len(request.days) > MAX_DAYS:
            raise InvalidInput(f"at most {MAX_DAYS} days at once, not {len(request.days)}", "days")
        read_at = moment_of(request, "read_time")
        days = [decode_charges(day, read_at) for day in request.days]
        await self._database.write_async(partial(add_charges, days=days))
        failpoints.CHARGES_RECORDED.reached()
        return balance_pb2.RecordAccountChargesResponse()

    async def ListAccountCharges(
        self, request: balance_pb2.ListAccountChargesRequest, _context: Context
    ) -> balance_pb2.ListAccountChargesResponse:
        first, after = days_of(request.from_day, request.to_day)
        days = await self._database.read_async(partial(list_charges_of_days, from_day=first, to_day=after))
        return balance_pb2.ListAccountChargesResponse(days=map(encode_charges, days))

    async def GetStatement(
        self, request: balance_pb2.GetStatementRequest, _context: Context
    ) -> balance_pb2.GetStatementResponse:
        from_at, to_at = period_of(request)
        now = self._book.clock.now()
        loaded = await self._database.read_async(
            partial(load_statement, from_at=from_at, to_at=to_at, now=now), at_one_moment=True
        )
        if loaded is None:
            return balance_pb2.GetStatementResponse(notes=[_NO_BALANCE])
        facts = loaded.facts
        return balance_pb2.GetStatementResponse(
            opening=encode_snapshot(facts.opening),
            closing=encode_snapshot(facts.closing),
            lines=encode_lines(statement_lines(facts), facts.closing.currency),
            notes=notes_of(loaded.doubts),
        )
