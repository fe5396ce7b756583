"""The account's balance for everybody who asks: one request at a time, and for some an answer from memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.common.clock import Clock
from services.telnyx_gateway.balance import Balance

FAILURE_KEPT_S: Final = 1.0
"""How long a failure stands for an answer: many who ask often must not add to the load of a Telnyx that is down."""

Ask = Callable[[], Awaitable[Balance]]


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """The balance, and when Telnyx's answer was received."""

    balance: Balance
    read_at: datetime


class SharedBalance:
    """Asks Telnyx through `ask`, never twice at once. Use it inside one event loop, and close it."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._under_way: asyncio.Task[BalanceReading] | None = None
        self._answered: BalanceReading | None = None
        self._answered_s = 0.0
        self._failed: asyncio.Task[BalanceReading] | None = None
        self._failed_s = 0.0

    async def read(self, max_age_s: float) -> BalanceReading:
        """An answer of Telnyx that is at most so old; with 0 one that is still to come.

        Who asks while a request is under way shares its outcome. Raises what `ask` raises; who takes an answer from
        memory also takes a failure from there, for a second.
        """
        now_s = self._clock.monotonic_s()
        if max_age_s > 0 and self._answered is not None and now_s - self._answered_s <= max_age_s:
            return self._answered
        if self._failed is not None and now_s - self._failed_s < min(max_age_s, FAILURE_KEPT_S):
            return self._failed.result()
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._fetch())
            self._under_way.add_done_callback(self._landed)
        # Who no longer waits takes nothing from the others.
        return await asyncio.shield(self._under_way)

    async def close(self) -> None:
        """Give up a request that is under way."""
        if self._under_way is not None:
            under_way = self._under_way
            under_way.cancel()
            await asyncio.wait({under_way})

    async def _fetch(self) -> BalanceReading:
        balance = await self._ask()
        return BalanceReading(balance, self._clock.now())

    def _landed(self, task: asyncio.Task[BalanceReading]) -> None:
        self._under_way = None
        if task.cancelled():
            return
        now_s = self._clock.monotonic_s()
        if task.exception() is not None:
            self._failed, self._failed_s = task, now_s
        else:
            self._answered, self._answered_s = task.result(), now_s
            self._failed = None
