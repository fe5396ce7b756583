"""Telnyx as it is, noting whether it answers and that whoever asks gets on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date

from services.common.errors import TollbookError
from services.reconciler.ports import TelnyxPort
from services.reconciler.progress.reading import Reading
from services.reconciler.progress.work import step_made
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.usage import Usage
from services.reconciler.windows import Window


class NotedTelnyx:
    """Each answer, page and failure is a step of the work that asked; those about detail records are noted."""

    def __init__(self, telnyx: TelnyxPort, reading: Reading) -> None:
        self._telnyx = telnyx
        self._reading = reading

    async def list_records(self, read: Read, timeout_s: float) -> AsyncGenerator[RecordPage | ReadEnd, None]:
        try:
            async with aclosing(self._telnyx.list_records(read, timeout_s)) as answer:
                async for part in answer:
                    self._answered()
                    yield part
        except TollbookError as error:
            self._failed(error)
            raise

    async def count_records(self, record_type: str, window: Window, priority: Priority) -> ReadEnd:
        try:
            end = await self._telnyx.count_records(record_type, window, priority)
        except TollbookError as error:
            self._failed(error)
            raise
        self._answered()
        return end

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        try:
            return await self._telnyx.list_usage(record_type, from_day, to_day)
        finally:
            step_made()

    def _answered(self) -> None:
        step_made()
        self._reading.answered()

    def _failed(self, error: TollbookError) -> None:
        step_made()
        self._reading.failed(error)
