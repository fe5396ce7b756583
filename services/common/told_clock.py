"""Clocks of processes that are told the time by others: a machine's own may be wrong, and may step at any moment."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from services.common.clock import Clock

TOLERANCE: Final = timedelta(minutes=2)
"""What was told is up to a minute old; who is right within so little does not matter to any rule."""

_FARTHEST: Final = timedelta(days=2)
_log = structlog.get_logger()


class ToldClock:
    """The machine's clock, as long as it agrees with what was told last; else that, carried on by monotonic time.

    So a step of the machine's clock has no effect. Before anything was told the machine's clock is all there is.
    """

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._told: tuple[datetime, float] | None = None
        self._is_off = False

    def told(self, moment: datetime) -> None:
        """It is this moment now, says who knows better."""
        self._told = (moment, self._own.monotonic_s())
        off_s = (self._own.now() - moment).total_seconds()
        is_off = abs(off_s) > TOLERANCE.total_seconds()
        if is_off is not self._is_off:
            self._is_off = is_off
            _tell(off_s, is_off=is_off)

    def now(self) -> datetime:
        own_at = self._own.now()
        if self._told is None:
            return own_at
        told_at, at_s = self._told
        carried = told_at + timedelta(seconds=self._own.monotonic_s() - at_s)
        return own_at if abs(own_at - carried) <= TOLERANCE else carried

    def monotonic_s(self) -> float:
        return self._own.monotonic_s()


class LateClock:
    """The machine's clock, but never before what others, who have clocks of their own, were seen to be at.

    For a process to which nobody tells the time: of what it is sent it cannot know how old it is, only that it is over.
    """

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._latest: tuple[datetime, float] | None = None

    def seen(self, moment: datetime) -> None:
        """Somebody's clock showed this. What is days ahead is ignored: it would not be undone."""
        if self.now() < moment <= self._own.now() + _FARTHEST:
            self._latest = (moment, self._own.monotonic_s())

    def now(self) -> datetime:
        own_at = self._own.now()
        if self._latest is None:
            return own_at
        latest_at, at_s = self._latest
        return max(own_at, latest_at + timedelta(seconds=self._own.monotonic_s() - at_s))

    def monotonic_s(self) -> float:
        return self._own.monotonic_s()


def _tell(off_s: float, *, is_off: bool) -> None:
    if is_off:
        where = "ahead of" if off_s > 0 else "behind"
        _log.error(
            "clock.off",
            off_s=round(off_s),
            message=f"this machine's clock is {abs(off_s):.0f} s {where} Telnyx's, by which all goes until it is right "
            "again: let the machine take its time from NTP",
        )
    else:
        _log.info("clock.right", message="this machine's clock agrees with Telnyx's again")
