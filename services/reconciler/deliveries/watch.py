"""Asks Telnyx by itself which webhooks it could not deliver."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.reconciler.deliveries.recovery import Recovery
from services.reconciler.repeating import PERIOD_S
from services.reconciler.troubles import Troubles
from services.reconciler.windows import Window

EVERY: Final = timedelta(hours=1)
"""How often failed deliveries are asked for: one small request, beside the quota of detail records."""

OVERLAP: Final = timedelta(minutes=15)
"""A delivery is tried for minutes before it has failed, and clocks differ."""

MOST: Final = timedelta(days=30)
"""How far back it reaches after a long stop; Telnyx does not say how long it keeps deliveries."""

FIRST: Final = timedelta(hours=24)
"""How far back it reaches for a book that has never been asked about."""


def due_window(last_asked_at: datetime | None, last_sign_at: datetime | None, now: datetime) -> Window | None:
    """What to ask for now; None if it is not time yet. Pure.

    `last_asked_at`: up to when this process has asked. Before it has, `last_sign_at` tells when Tollbook was last
    known to be alive, by the latest sweep; it had then asked at most `EVERY` before. Where the clock was set back
    since, it is asked again.
    """
    if last_asked_at is not None:
        if last_asked_at <= now < last_asked_at + EVERY:
            return None
        since = last_asked_at
    else:
        since = last_sign_at - EVERY if last_sign_at is not None else now - FIRST
    return Window(max(now - MOST, min(since, now) - OVERLAP), now)


class SignsPort(Protocol):
    """The book, as far as it shows when Tollbook was alive. Raises TollbookError."""

    async def last_sweep_at(self) -> datetime | None:
        """When the latest sweep was read; None if there was none."""


class LeaderPort(Protocol):
    """Whether this process is the one of several that does such work."""

    async def is_held(self) -> bool:
        """Whether it is ours now."""


class DeliveryWatch:
    """Recovers failed deliveries: once after each start, for the whole time since Tollbook was last alive, then hourly.

    So a webhook that was lost while the edge alone was away is found within the hour as well.
    """

    def __init__(self, recovery: Recovery, signs: SignsPort, leadership: LeaderPort, clock: Clock) -> None:
        self._recovery = recovery
        self._signs = signs
        self._leadership = leadership
        self._clock = clock
        self._asked_at: datetime | None = None
        self._sign: tuple[datetime | None] | None = None
        self._troubles = Troubles("recovery")

    async def tick(self) -> float:
        """One turn of the timed loop. A failure is logged once, and tried again an hour later."""
        if self._sign is None:
            # Before anything else: the first sweep of this process would look as if nothing had stopped.
            self._sign = (await self._signs.last_sweep_at(),)
        if not await self._leadership.is_held():
            return PERIOD_S
        window = due_window(self._asked_at, self._sign[0], self._clock.now())
        if window is not None:
            await self._recover(window)
        return EVERY.total_seconds()

    async def _recover(self, window: Window) -> None:
        try:
            await self._recovery.recover(window)
        except TollbookError as error:
            self._troubles.failed("failed deliveries", str(error))
            # The next turn begins where this one did.
            self._asked_at = window.start_at + OVERLAP
            return
        self._troubles.succeeded("failed deliveries")
        self._asked_at = window.end_at
