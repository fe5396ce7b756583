"""telnyx-gateway over gRPC, behind TelnyxPort."""

from collections.abc import AsyncGenerator, Callable
from datetime import date, datetime
from typing import TypeVar

import grpc

from services.common.rpc_errors import from_rpc_error
from services.common.wire import to_timestamp
from services.reconciler.codec import (
    PRIORITIES,
    decode_answer,
    decode_end,
    decode_usage,
    encode_day,
    encode_read,
)
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.usage import Usage
from services.reconciler.windows import Window
from tollbook.telnyx.v1 import telnyx_gateway_pb2, telnyx_gateway_pb2_grpc

_PATIENT_TIMEOUT_S = 300.0
"""Longer than a background request waits for the quota (190 s): then the answer says why, which a deadline cannot."""


Part = TypeVar("Part", bound=RecordPage | ReadEnd)


class TelnyxClient:
    """Calls of telnyx-gateway; failures come as TollbookError. `told` learns when each answer was read at Telnyx."""

    def __init__(self, channel: grpc.aio.Channel, told: Callable[[datetime], None] | None = None) -> None:
        self._told = told
        self._stub = telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub(channel)

    async def list_records(self, read: Read, timeout_s: float) -> AsyncGenerator[RecordPage | ReadEnd, None]:
        # Work waits for a telnyx-gateway that is being started; a person is told at once.
        patience = False if read.priority == "person" else None
        try:
            async for message in self._stub.ListDetailRecords(
                encode_read(read), timeout=timeout_s, wait_for_ready=patience
            ):
                yield self._heard(decode_answer(message))
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def count_records(self, record_type: str, window: Window, priority: Priority) -> ReadEnd:
        request = telnyx_gateway_pb2.CountDetailRecordsRequest(
            record_type=record_type,
            from_time=to_timestamp(window.start_at),
            to_time=to_timestamp(window.end_at),
            priority=PRIORITIES[priority],
        )
        try:
            answer = await self._stub.CountDetailRecords(request, timeout=_PATIENT_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return self._heard(decode_end(answer))

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        request = telnyx_gateway_pb2.ListUsageRequest(
            record_type=record_type,
            from_day=encode_day(from_day),
            to_day=encode_day(to_day),
            priority=PRIORITIES["background"],
        )
        try:
            answer = await self._stub.ListUsage(request, timeout=_PATIENT_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return decode_usage(record_type, answer)

    def _heard(self, part: Part) -> Part:
        if self._told is not None and isinstance(part, ReadEnd):
            self._told(part.read_at)
        return part
