"""What was taken in and is not booked yet, in memory and in order, and those who wait for it: in one event loop."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from services.common.clock import Clock
from services.ledger.intake.admission_rule import Load
from services.ledger.metrics import WAITING_EVENTS
from services.telnyx_vocabulary.webhook_event import WebhookEvent

PORTION_EVENTS = 256
"""As many are booked in one transaction: twice as many would hardly be faster, and others wait for it to end."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Events of one request, all or some. Its row in the intake can go when the last of them are booked."""

    row_id: int
    events: list[WebhookEvent]
    byte_count: int
    taken_in_s: float
    is_last: bool


class Backlog:
    """A queue whose head stays in it until it is booked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._portions: deque[Portion] = deque()
        self._added_count = 0
        self._removed_count = 0
        self._waiting_events = 0
        self._waiting_bytes = 0
        self._waiting_calls = 0
        self._last_added_s = -float("inf")
        self._change = asyncio.Event()

    @property
    def added_count(self) -> int:
        """How many portions were ever added: behind the last of them by now."""
        return self._added_count

    @property
    def row_ids(self) -> set[int]:
        """The rows of the intake that are in here."""
        return {portion.row_id for portion in self._portions}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be booked."""
        return not self._portions

    def load(self, at_once_calls: int = 0) -> Load:
        """How much waits now, with the room that was reserved."""
        return Load(
            waiting_events=self._waiting_events,
            waiting_bytes=self._waiting_bytes,
            waiting_calls=self._waiting_calls,
            at_once_calls=at_once_calls,
        )

    def idle_s(self) -> float:
        """How long ago something was added."""
        return self._clock.monotonic_s() - self._last_added_s

    def oldest_s(self) -> float:
        """How long the first has been waiting; 0 when there is none."""
        return self._clock.monotonic_s() - self._portions[0].taken_in_s if self._portions else 0.0

    def reserve(self, event_count: int, byte_count: int) -> None:
        """Keep room for what is about to be made durable; `release` it, or `add` what it was for."""
        self._waiting_events += event_count
        self._waiting_bytes += byte_count
        WAITING_EVENTS.set(self._waiting_events)

    def release(self, event_count: int, byte_count: int) -> None:
        """The room is needed no more."""
        self.reserve(-event_count, -byte_count)
        self.wake()

    def add(self, row_id: int, events: list[WebhookEvent], byte_count: int) -> None:
        """Append what is durable now and has its room."""
        now_s = self._clock.monotonic_s()
        last = max(0, len(events) - 1) // PORTION_EVENTS * PORTION_EVENTS
        for start in range(0, last + 1, PORTION_EVENTS):
            is_last = start == last
            portion = Portion(
                row_id, events[start : start + PORTION_EVENTS], byte_count if is_last else 0, now_s, is_last
            )
            self._portions.append(portion)
        self._added_count += last // PORTION_EVENTS + 1
        self._last_added_s = now_s
        self.wake()

    def head(self) -> list[Portion]:
        """The first portions that make one booking."""
        chosen: list[Portion] = []
        event_count = 0
        for portion in self._portions:
            event_count += len(portion.events)
            if chosen and event_count > PORTION_EVENTS:
                break
            chosen.append(portion)
        return chosen

    def remove(self, head: list[Portion]) -> None:
        """These, which were the first, are booked."""
        for portion in head:
            if self._portions.popleft() is not portion:
                raise AssertionError("only the head of a backlog is booked")
            self._waiting_events -= len(portion.events)
            self._waiting_bytes -= portion.byte_count
        self._removed_count += len(head)
        WAITING_EVENTS.set(self._waiting_events)
        self.wake()

    def has_removed(self, count: int) -> bool:
        """Whether so many portions have been booked since the beginning."""
        return self._removed_count >= count

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once a condition on this backlog holds."""
        while not condition():
            await self._change.wait()

    async def until_room(self, condition: Callable[[], bool], patience_s: float) -> None:
        """The same for a call that waits to come in. Raises TimeoutError."""
        self._waiting_calls += 1
        try:
            async with asyncio.timeout(patience_s):
                await self.until(condition)
        finally:
            self._waiting_calls -= 1
            self.wake()

    def wake(self) -> None:
        """Let whoever waits for a change look for themselves."""
        self._change.set()
        self._change = asyncio.Event()
