"""Looks at the parts of Tollbook: asks each what it says of itself, and notes who does not answer."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Final, TypeVar

import grpc

from services.common.freshness.observed import BookFreshness, Look, Part, Progress, ToldAlarm
from services.common.freshness.wire import decode_alarms, decode_freshness, decode_progress
from tollbook.ledger.v1.freshness_pb2 import GetFreshnessRequest
from tollbook.ledger.v1.freshness_pb2_grpc import FreshnessServiceStub
from tollbook.process.v1.alarms_pb2 import ListAlarmsRequest
from tollbook.process.v1.alarms_pb2_grpc import AlarmServiceStub
from tollbook.reconciler.v1.progress_pb2 import GetProgressRequest
from tollbook.reconciler.v1.progress_pb2_grpc import ProgressServiceStub

_TIMEOUT_S: Final = 5.0

Answer = TypeVar("Answer")


class _Silent(Exception):
    """The part did not answer."""


class Onlooker:
    """Asks over the channels of the parts; one that is not given is not looked at."""

    def __init__(self, channels: Mapping[Part, grpc.aio.Channel]) -> None:
        self._alarms = {part: AlarmServiceStub(channel) for part, channel in channels.items()}
        self._book = FreshnessServiceStub(channels["ledger"]) if "ledger" in channels else None
        self._progress = ProgressServiceStub(channels["reconciler"]) if "reconciler" in channels else None

    async def look(self) -> Look:
        """Everything at once; takes some seconds at most, and raises nothing of what a part does."""
        silent: set[Part] = set()

        async def heard(part: Part, asked: Awaitable[Answer | None]) -> Answer | None:
            try:
                return await asked
            except _Silent:
                silent.add(part)
                return None

        async with asyncio.TaskGroup() as tasks:
            book = tasks.create_task(heard("ledger", self._ask_book()))
            progress = tasks.create_task(heard("reconciler", self._ask_progress()))
            told = [tasks.create_task(heard(part, _ask_alarms(stub))) for part, stub in self._alarms.items()]
        return Look(
            silent=frozenset(silent),
            alarms=tuple(alarm for task in told for alarm in task.result() or ()),
            book=book.result(),
            progress=progress.result(),
        )

    async def _ask_book(self) -> BookFreshness | None:
        if self._book is None:
            return None
        asked = self._book.GetFreshness(GetFreshnessRequest(), timeout=_TIMEOUT_S, wait_for_ready=False)
        answer = await _answer_of(asked)
        return decode_freshness(answer) if answer is not None else None

    async def _ask_progress(self) -> Progress | None:
        if self._progress is None:
            return None
        asked = self._progress.GetProgress(GetProgressRequest(), timeout=_TIMEOUT_S, wait_for_ready=False)
        answer = await _answer_of(asked)
        return decode_progress(answer) if answer is not None else None


async def _ask_alarms(stub: AlarmServiceStub) -> tuple[ToldAlarm, ...]:
    answer = await _answer_of(stub.ListAlarms(ListAlarmsRequest(), timeout=_TIMEOUT_S, wait_for_ready=False))
    return decode_alarms(answer) if answer is not None else ()


async def _answer_of(asked: Awaitable[Answer]) -> Answer | None:
    """The answer; None where the part is of a version that cannot tell. Raises _Silent."""
    try:
        return await asked
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return None
        raise _Silent from error
