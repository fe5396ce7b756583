"""The reconciler's gRPC service for history: backfill, and webhooks that were not delivered."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import grpc
from google.type import date_pb2

from services.common.deadlines import on_its_own
from services.common.errors import InvalidInput
from services.common.wire import from_timestamp
from services.reconciler.backfill.backfill import Backfill
from services.reconciler.backfill.days import Days
from services.reconciler.backfill.plan import Method
from services.reconciler.backfill.progress import Progress, Snapshot
from services.reconciler.codec import encode_day
from services.reconciler.deliveries.recovery import MAX_PERIOD, Recovery
from services.reconciler.windows import Window
from tollbook.reconciler.v1 import backfill_pb2, backfill_pb2_grpc

_MAX_DAYS = 800

_METHODS: "dict[backfill_pb2.BackfillMethod.ValueType, Method]" = {
    backfill_pb2.BACKFILL_METHOD_UNSPECIFIED: "auto",
    backfill_pb2.BACKFILL_METHOD_AUTO: "auto",
    backfill_pb2.BACKFILL_METHOD_WINDOWS: "windows",
    backfill_pb2.BACKFILL_METHOD_REPORTS: "reports",
}

_Context = grpc.aio.ServicerContext[Any, Any]


class BackfillService(backfill_pb2_grpc.BackfillServiceServicer):
    """Brings history into the book, on demand."""

    def __init__(self, backfill: Backfill, recovery: Recovery) -> None:
        self._backfill = backfill
        self._recovery = recovery

    async def Backfill(
        self, request: backfill_pb2.BackfillRequest, context: _Context
    ) -> AsyncIterator[backfill_pb2.BackfillResponse]:
        """The work ends with the call; what it has booked by then stays."""
        del context
        days = _decode_days(request)
        method = _METHODS.get(request.method)
        if method is None:
            raise InvalidInput("there is no such method", field="method")
        progress = Progress()
        with on_its_own():
            # It gives up its lease also when time is up.
            work = asyncio.create_task(self._backfill.run(days, method, progress))
        try:
            async for snapshot in progress.until(work):
                yield _encode(snapshot)
            await work
        finally:
            work.cancel()
            await asyncio.wait({work})

    async def RecoverDeliveries(
        self, request: backfill_pb2.RecoverDeliveriesRequest, context: _Context
    ) -> backfill_pb2.RecoverDeliveriesResponse:
        del context
        for field in ("from_time", "to_time"):
            if not request.HasField(field):
                raise InvalidInput(f"{field} is missing", field=field)
        from_at, to_at = from_timestamp(request.from_time), from_timestamp(request.to_time)
        if from_at >= to_at:
            raise InvalidInput("from_time must be before to_time", field="to_time")
        if to_at - from_at > MAX_PERIOD:
            raise InvalidInput(f"a period of at most {MAX_PERIOD.days} days, please", field="from_time")
        window = Window(from_at, to_at)
        recovered = await self._recovery.recover(window, include_delivered=request.include_delivered)
        return backfill_pb2.RecoverDeliveriesResponse(
            delivery_count=recovered.delivery_count,
            new_count=recovered.new_count,
            unreadable_count=recovered.unreadable_count,
        )


def _decode_days(request: backfill_pb2.BackfillRequest) -> Days:
    days = Days(_day(request.from_day, "from_day"), _day(request.to_day, "to_day"))
    if not 1 <= days.count <= _MAX_DAYS:
        raise InvalidInput(f"from_day to to_day must be 1 to {_MAX_DAYS} days", field="to_day")
    return days


def _day(message: date_pb2.Date, field: str) -> date:
    try:
        return date(message.year, message.month, message.day)
    except ValueError as error:
        raise InvalidInput(f"{field} is no day", field=field) from error


def _encode(snapshot: Snapshot) -> backfill_pb2.BackfillResponse:
    return backfill_pb2.BackfillResponse(
        total_units=snapshot.total_units,
        done_units=snapshot.done_units,
        skipped_units=snapshot.skipped_units,
        record_count=snapshot.record_count,
        request_count=snapshot.request_count,
        current=snapshot.current,
        current_day=None if snapshot.current_day is None else encode_day(snapshot.current_day),
        troubles=snapshot.troubles,
    )
