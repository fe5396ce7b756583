"""Natural batching of webhooks on their way to the ledger.

While calls are in flight, arriving events wait and go together in the next (design, section 1): an idle edge adds no
delay, a busy one adds no calls. A second call goes out only for a good part of a batch: while the ledger commits the
one, the edge verifies what will be in the other. No timer is involved in any of it.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway import failpoints
from gateway.deadlines import Deadlines
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
    calls_in_flight: int = 2
    further_call_events: int = 16
    """So many must wait for a call beside another; for the first one is enough."""
    waiting_events: int = 2048
    waiting_bytes: int = 64 * 1024 * 1024
    patience_s: float = 10.0
    """A ledger that is away for less, because it is restarted, is not noticed by those who send."""
    absence_pause_s: float = 0.25
    """Between two attempts at a ledger that is away."""
    behind_events: int = 512
    """With so many waiting the ledger is behind, ..."""
    behind_s: float = 1.0
    """... or with one that has waited so long."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: WebhookEvent
    size_bytes: int
    committed: "asyncio.Future[None]"

    def give_up(self) -> None:
        if not self.committed.done():
            self.committed.set_exception(
                Unavailable("the ledger did not commit the webhook in time; send it again", retry_after_s=1)
            )


class EventBatcher:
    """Hands events to the ledger, many at a time; each caller learns what became of its own."""

    def __init__(self, record: RecordEvents, limits: BatchLimits | None = None) -> None:
        self._record = record
        self._limits = limits or BatchLimits()
        self._deadlines = Deadlines(self._limits.patience_s)
        self._queue: deque[_Waiting] = deque()
        self._queue_bytes = 0
        self._workers: set[asyncio.Task[None]] = set()
        self._working = 0
        self._is_over = False
        WAITING_EVENTS.set_function(lambda: len(self._queue))

    @property
    def is_behind(self) -> bool:
        """Whether the ledger is slower than Telnyx, or away: it should be asked nothing now that can wait."""
        return (
            len(self._queue) >= self._limits.behind_events
            or self._deadlines.longest_wait_s >= self._limits.behind_s
        )

    async def submit(self, event: WebhookEvent) -> None:
        """Return once the event is committed.

        Raises Unavailable when too much is waiting already, or for too long: the sender may try again, the ledger
        knows an event that comes twice. Raises whatever TollbookError the ledger gave for this event.
        """
        if self._is_over:
            raise Unavailable("this edge is about to stop; send the webhook again", retry_after_s=1)
        size_bytes = event.ByteSize()
        if (
            len(self._queue) >= self._limits.waiting_events
            or self._queue_bytes + size_bytes > self._limits.waiting_bytes
        ):
            raise Unavailable("more webhooks are waiting than can be kept; send it again", retry_after_s=1)
        waiting = _Waiting(event, size_bytes, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queue_bytes += size_bytes
        if self._has_enough_for_a_call(beside=self._working):
            self._start_worker()
        deadline = self._deadlines.start(waiting.give_up)
        try:
            await waiting.committed
        finally:
            self._deadlines.stop(deadline)

    async def drain(self) -> None:
        """Return when nothing is waiting or in flight any more."""
        while self._workers:
            await asyncio.wait(self._workers)

    def give_up(self) -> None:
        """Whoever waits, and whoever still comes, is told at once to send it again: the process is about to end."""
        self._is_over = True
        while self._queue:
            self._queue.popleft().give_up()
        self._queue_bytes = 0
        for worker in self._workers:
            worker.cancel()

    def _start_worker(self) -> None:
        self._working += 1
        # A context of its own: the batch belongs to no single request's trace.
        worker = asyncio.create_task(self._work(), name="event-batcher", context=contextvars.Context())
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        try:
            while self._has_enough_for_a_call(beside=self._working - 1):
                if batch := self._take_batch():
                    await self._commit(batch)
        finally:
            # Together with the decision to end: whoever comes next has to know.
            self._working -= 1

    def _has_enough_for_a_call(self, *, beside: int) -> bool:
        """Whether enough is waiting for one more call beside so many others."""
        if beside >= self._limits.calls_in_flight:
            return False
        return len(self._queue) >= (self._limits.further_call_events if beside else 1)

    def _take_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        batch_bytes = 0
        while self._queue and len(batch) < self._limits.batch_events:
            first = self._queue[0]
            if batch and batch_bytes + first.size_bytes > self._limits.batch_bytes:
                break
            self._queue.popleft()
            self._queue_bytes -= first.size_bytes
            # Given up, by us or by its sender, who will send it again.
            if not first.committed.done():
                batch.append(first)
                batch_bytes += first.size_bytes
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        BATCH_EVENTS.observe(len(batch))
        failpoints.BATCH_TAKEN.reached()
        try:
            await self._settle_by_ledger(batch)
        finally:
            # Nobody is left to wait, also when this was broken off.
            for waiting in batch:
                waiting.give_up()

    async def _settle_by_ledger(self, batch: list[_Waiting]) -> None:
        error = await self._record_while_anyone_waits(batch)
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

    async def _record_while_anyone_waits(self, batch: list[_Waiting]) -> TollbookError | None:
        """Hand the batch over, again and again while the ledger is away; what it says once it is there."""
        error = await self._try_to_record(batch)
        while _is_away(error) and (left := [waiting for waiting in batch if not waiting.committed.done()]):
            await asyncio.sleep(self._limits.absence_pause_s)
            error = await self._try_to_record(left)
        return error

    async def _try_to_record(self, batch: list[_Waiting]) -> TollbookError | None:
        try:
            await self._record([waiting.event for waiting in batch])
        except TollbookError as error:
            return error
        except Exception:  # noqa: BLE001 - see below
            # The worker must outlive every fault, or all webhooks after this one would wait in vain.
            _log.exception("webhooks.batch_failed", count=len(batch))
            return TollbookError("the webhook could not be handed to the ledger; the edge's log says more")
        failpoints.BATCH_RECORDED.reached()
        return None


def _is_away(error: TollbookError | None) -> bool:
    """Whether the ledger, or its database, is being restarted; one that has too much to do says when to come back."""
    return isinstance(error, Unavailable) and not error.retry_after_s


def _settle(batch: Sequence[_Waiting], error: TollbookError | None) -> None:
    for waiting in batch:
        if waiting.committed.done():
            continue
        if error is None:
            waiting.committed.set_result(None)
        else:
            # One exception of its own for each: raised in many tasks, a shared one would collect all their tracebacks.
            waiting.committed.set_exception(type(error)(error.detail, error.field, error.retry_after_s))
