"""Natural batching of webhooks on their way to the ledger.

While one call is in flight, arriving events wait and go together in the next (design, section 1): an idle edge
adds no delay, a busy one adds no calls. No timer is involved.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway.metrics import BATCH_EVENTS, WAITING_EVENTS
from services.common.errors import Conflict, TollbookError, Unavailable
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent

_log = structlog.get_logger()

RecordEvents = Callable[[Sequence[WebhookEvent]], Awaitable[object]]
"""Commits events in the ledger. Raises TollbookError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How much may be in one call, how much may wait for it, and how long anyone waits."""

    batch_events: int = 128
    batch_bytes: int = 4 * 1024 * 1024
    waiting_events: int = 2048
    waiting_bytes: int = 64 * 1024 * 1024
    patience_s: float = 10.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: WebhookEvent
    size_bytes: int
    committed: "asyncio.Future[None]"


class EventBatcher:
    """Hands events to the ledger, many at a time; each caller learns what became of its own."""

    def __init__(self, record: RecordEvents, limits: BatchLimits | None = None) -> None:
        self._record = record
        self._limits = limits or BatchLimits()
        self._queue: deque[_Waiting] = deque()
        self._queue_bytes = 0
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, event: WebhookEvent) -> None:
        """Return once the event is committed.

        Raises Unavailable when too much is waiting already, or for too long: the sender may try again, the ledger
        knows an event that comes twice. Raises whatever TollbookError the ledger gave for this event.
        """
        size_bytes = event.ByteSize()
        if (
            len(self._queue) >= self._limits.waiting_events
            or self._queue_bytes + size_bytes > self._limits.waiting_bytes
        ):
            raise Unavailable("more webhooks are waiting than can be kept; send it again", retry_after_s=1)
        waiting = _Waiting(event, size_bytes, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queue_bytes += size_bytes
        WAITING_EVENTS.set(len(self._queue))
        if self._worker is None:
            # A context of its own: the batch belongs to no single request's trace.
            self._worker = asyncio.create_task(
                self._work(), name="event-batcher", context=contextvars.Context()
            )
        try:
            async with asyncio.timeout(self._limits.patience_s):
                await waiting.committed
        except TimeoutError:
            raise Unavailable("the ledger did not commit the webhook in time; send it again") from None

    async def drain(self) -> None:
        """Return when nothing is waiting or in flight any more."""
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        try:
            while batch := self._take_batch():
                await self._commit(batch)
        finally:
            self._worker = None

    def _take_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        batch_bytes = 0
        while self._queue and len(batch) < self._limits.batch_events:
            first = self._queue[0]
            if batch and batch_bytes + first.size_bytes > self._limits.batch_bytes:
                break
            self._queue.popleft()
            self._queue_bytes -= first.size_bytes
            # Cancelled: its sender has given up and will send it again.
            if not first.committed.done():
                batch.append(first)
                batch_bytes += first.size_bytes
        WAITING_EVENTS.set(len(self._queue))
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        BATCH_EVENTS.observe(len(batch))
        error = await self._try_to_record(batch)
        if error is None or len(batch) == 1 or isinstance(error, Unavailable | Conflict):
            _settle(batch, error)
            return
        # The ledger works but refuses the batch: find whom it refuses, so that the others get through.
        _log.warning("webhooks.batch_refused", count=len(batch), reason=str(error))
        for position, waiting in enumerate(batch):
            error = await self._try_to_record([waiting])
            if isinstance(error, Unavailable):
                _settle(batch[position:], error)
                return
            _settle([waiting], error)

    async def _try_to_record(self, batch: list[_Waiting]) -> TollbookError | None:
        try:
            await self._record([waiting.event for waiting in batch])
        except TollbookError as error:
            return error
        except Exception:  # noqa: BLE001 - see below
            # The worker must outlive every fault, or all webhooks after this one would wait in vain.
            _log.exception("webhooks.batch_failed", count=len(batch))
            return TollbookError("the webhook could not be handed to the ledger; the edge's log says more")
        return None


def _settle(batch: Sequence[_Waiting], error: TollbookError | None) -> None:
    for waiting in batch:
        if waiting.committed.done():
            continue
        if error is None:
            waiting.committed.set_result(None)
        else:
            # One exception of its own for each: raised in many tasks, a shared one would collect all their tracebacks.
            waiting.committed.set_exception(type(error)(error.detail, error.field, error.retry_after_s))
