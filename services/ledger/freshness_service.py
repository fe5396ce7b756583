"""The ledger's gRPC service for how fresh the book is."""

from datetime import timedelta
from functools import partial
from typing import Any

import grpc

from services.common.wire import to_duration, to_timestamp
from services.ledger.intake.intake import Intake
from services.ledger.store.book import Book
from services.ledger.store.freshness import book_freshness
from tollbook.ledger.v1 import freshness_pb2, freshness_pb2_grpc

_Context = grpc.aio.ServicerContext[Any, Any]


class FreshnessService(freshness_pb2_grpc.FreshnessServiceServicer):
    """Answers at once, whatever waits to be booked: that something waits is a part of the answer."""

    def __init__(self, book: Book, intake: Intake) -> None:
        self._book = book
        self._intake = intake
        self._serving_since = book.clock.now()

    async def GetFreshness(
        self, request: freshness_pb2.GetFreshnessRequest, context: _Context
    ) -> freshness_pb2.GetFreshnessResponse:
        del request, context
        unbooked_s = self._intake.unbooked_s()
        freshness = await self._book.database.read_async(
            partial(book_freshness, now=self._book.clock.now(), serving_since=self._serving_since)
        )
        return freshness_pb2.GetFreshnessResponse(
            last_webhook_time=to_timestamp(freshness.last_webhook_at),
            # What waits to be booked has come, and the book does not know it yet.
            silent_since=to_timestamp(freshness.silent_since) if unbooked_s is None else None,
            unannounced_count=freshness.unannounced_count,
            last_sweep_time=to_timestamp(freshness.last_sweep_at),
            last_balance_time=to_timestamp(freshness.last_balance_at),
            unsealed_since=to_timestamp(freshness.unsealed_since),
            unbooked_age=None if unbooked_s is None else to_duration(timedelta(seconds=unbooked_s)),
        )
