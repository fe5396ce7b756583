"""Counts what a backfill asks of Telnyx."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date

from services.reconciler.backfill.progress import Progress
from services.reconciler.ports import TelnyxPort
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.usage import Usage
from services.reconciler.windows import Window


class CountingTelnyx:
    """Telnyx, with every request and record told to the progress of one backfill."""

    def __init__(self, telnyx: TelnyxPort, progress: Progress) -> None:
        self._telnyx = telnyx
        self._progress = progress

    async def list_records(self, read: Read, timeout_s: float) -> AsyncGenerator[RecordPage | ReadEnd, None]:
        page_count = 0
        async with aclosing(self._telnyx.list_records(read, timeout_s)) as answer:
            async for part in answer:
                if isinstance(part, RecordPage):
                    page_count += 1
                    self._progress.requested(1, len(part.records))
                else:
                    # Requests that gave no page: a deep window is split before it is read.
                    self._progress.requested(max(0, part.request_count - page_count), 0)
                yield part

    async def count_records(self, record_type: str, window: Window, priority: Priority) -> ReadEnd:
        end = await self._telnyx.count_records(record_type, window, priority)
        self._progress.requested(end.request_count, 0)
        return end

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        return await self._telnyx.list_usage(record_type, from_day, to_day)
