"""Time as a value that is passed in, so that the core and the tests decide what "now" is."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What Tollbook asks of a clock: wall time for facts, monotonic time for waits."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""

    def monotonic_s(self) -> float:
        """Seconds that only ever grow; for measuring waits."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()
