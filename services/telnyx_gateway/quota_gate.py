"""The door in front of one Telnyx endpoint: lets a request go when the quota has room for it, in order of priority."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Gauge

from services.common.clock import Clock
from services.common.errors import QuotaExhausted, Unavailable
from services.telnyx_gateway.quota import Priority, QuotaWindow, read_quota_headers

QUOTA_REMAINING = Gauge(
    "tollbook_telnyx_quota_remaining", "Requests left in this window, by endpoint", ["endpoint"]
)

MAX_WAITING = 500
"""Requests that may wait at one door; more are turned away at once."""

PATIENCE_S: Mapping[Priority, float] = {Priority.PERSON: 4.0, Priority.JOB: 130.0, Priority.BACKGROUND: 190.0}
"""How long a request of each priority waits for the quota; two windows and more, but nobody watches a spinner."""


@dataclass(slots=True)
class Permit:
    """The right to send one request. Report the answer with `answered`; a permit that never is counts as used."""

    gate: "QuotaGate"
    is_answered: bool = False

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Tell the gate what Telnyx said of the quota."""
        if not self.is_answered:
            self.is_answered = True
            self.gate.take_answer(status, headers)

    def withdraw(self) -> None:
        """Nothing was sent after all."""
        if not self.is_answered:
            self.is_answered = True
            self.gate.take_back()


@dataclass(order=True, slots=True)
class _Waiter:
    priority: Priority
    number: int
    granted: asyncio.Future[None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class QuotaReport:
    """The quota as the last answers told it."""

    limit: int
    remaining: int
    reset_at: datetime
    used_by_others: int


class QuotaGate:
    """Guards one endpoint. Use it inside one event loop."""

    def __init__(self, endpoint: str, limit: int, window_s: int, clock: Clock) -> None:
        """`limit` per `window_s` is assumed until an answer tells better; windows begin with the UTC minute."""
        self._clock = clock
        self._remaining_gauge = QUOTA_REMAINING.labels(endpoint=endpoint)
        left_s = window_s - clock.now().timestamp() % window_s
        self._window = QuotaWindow.assumed(limit, window_s, clock.monotonic_s() + left_s)
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @asynccontextmanager
    async def permit(self, priority: Priority) -> AsyncIterator[Permit]:
        """Wait for the quota, then hold one permit.

        Raises QuotaExhausted when it would take too long, Unavailable when the process is about to end.
        """
        await self._wait_for_turn(priority)
        permit = Permit(self)
        try:
            yield permit
        finally:
            if not permit.is_answered:
                self._window = self._now_window().lost()
                self._let_go()

    def take_answer(self, status: int, headers: Mapping[str, str]) -> None:
        """What Permit.answered passes on."""
        self._window = self._now_window().answered(
            status, read_quota_headers(headers), self._clock.monotonic_s()
        )
        self._let_go()

    def take_back(self) -> None:
        """What Permit.withdraw passes on."""
        self._window = self._now_window().withdrawn()
        self._let_go()

    def report(self) -> QuotaReport:
        """The state now."""
        window = self._now_window()
        left = timedelta(seconds=window.ends_s - self._clock.monotonic_s())
        return QuotaReport(window.limit, window.remaining, self._clock.now() + left, window.used_by_others)

    def close(self) -> None:
        """Nobody waits any more: the process is about to end, and the next one is to be asked."""
        self._is_closed = True
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.granted.done():
                waiter.granted.set_exception(_about_to_end())
        self._let_go()

    async def _wait_for_turn(self, priority: Priority) -> None:
        self._refuse_if_hopeless(priority)
        self._window = self._now_window().wanted(priority, self._clock.monotonic_s())
        waiter = _Waiter(priority, next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        self._let_go()
        try:
            async with asyncio.timeout(PATIENCE_S[priority]):
                await waiter.granted
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                raise self._exhausted() from None
            raise

    def _refuse_if_hopeless(self, priority: Priority) -> None:
        if self._is_closed:
            raise _about_to_end()
        window = self._now_window()
        wait_s = window.ends_s - self._clock.monotonic_s()
        if len(self._waiting) >= MAX_WAITING or (window.is_spent() and wait_s > PATIENCE_S[priority]):
            raise self._exhausted()

    def _exhausted(self) -> QuotaExhausted:
        wait_s = max(1.0, self._now_window().ends_s - self._clock.monotonic_s())
        return QuotaExhausted(
            f"Telnyx's request quota is used up; it renews in {wait_s:.0f} s", retry_after_s=wait_s
        )

    def _leave(self, waiter: _Waiter) -> None:
        """Give up waiting; a turn that came in the same moment goes to the next."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            heapq.heapify(self._waiting)
        elif waiter.granted.done() and not waiter.granted.cancelled() and waiter.granted.exception() is None:
            self.take_back()

    def _now_window(self) -> QuotaWindow:
        self._window = self._window.at(self._clock.monotonic_s())
        return self._window

    def _let_go(self) -> None:
        """Grant to the first in line as long as there is room, then come back when time alone may make room."""
        now_s = self._clock.monotonic_s()
        while self._waiting and self._now_window().may_send(self._waiting[0].priority, now_s):
            waiter = heapq.heappop(self._waiting)
            if not waiter.granted.done():
                self._window = self._window.granting()
                waiter.granted.set_result(None)
        self._remaining_gauge.set(self._now_window().remaining)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            delay_s = max(0.001, self._window.next_change_s(now_s) - now_s)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._let_go)


def _about_to_end() -> Unavailable:
    return Unavailable("telnyx-gateway is about to stop: ask again")
