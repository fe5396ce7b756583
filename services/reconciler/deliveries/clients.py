"""Failed deliveries, and the events that they carry, over gRPC."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

import grpc

from services.common.rpc_errors import from_rpc_error
from services.common.wire import from_timestamp, to_timestamp
from services.reconciler.deliveries.recovery import DeliveriesEnd
from services.reconciler.windows import Window
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.wire import decode_event, encode_event
from tollbook.ledger.v1 import ledger_pb2, ledger_pb2_grpc
from tollbook.telnyx.v1 import account_pb2, account_pb2_grpc

_WRITE_TIMEOUT_S = 30.0
_LISTING_TIMEOUT_S = 600.0


class DeliveriesClient:
    """telnyx-gateway's list of deliveries; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = account_pb2_grpc.AccountServiceStub(channel)

    async def deliveries(
        self, window: Window, *, include_delivered: bool
    ) -> AsyncGenerator[WebhookEvent | DeliveriesEnd, None]:
        request = account_pb2.ListFailedDeliveriesRequest(
            from_time=to_timestamp(window.start_at),
            to_time=to_timestamp(window.end_at),
            include_delivered=include_delivered,
        )
        try:
            async for answer in self._stub.ListFailedDeliveries(request, timeout=_LISTING_TIMEOUT_S):
                if answer.HasField("complete"):
                    yield DeliveriesEnd(answer.complete.delivery_count)
                else:
                    yield decode_event(answer.delivery.event)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error


class EventsClient:
    """The ledger's events, and its latest sweep; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ledger_pb2_grpc.LedgerServiceStub(channel)

    async def record_events(self, events: Sequence[WebhookEvent]) -> int:
        request = ledger_pb2.RecordEventsRequest(events=map(encode_event, events), until_booked=True)
        try:
            return (await self._stub.RecordEvents(request, timeout=_WRITE_TIMEOUT_S)).new_count
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def last_sweep_at(self) -> datetime | None:
        try:
            answer = await self._stub.ListSweeps(ledger_pb2.ListSweepsRequest(page_size=1))
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return from_timestamp(answer.sweeps[0].read_time) if answer.sweeps else None
