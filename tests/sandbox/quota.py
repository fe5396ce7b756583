"""The fixed-window quota of one endpoint. Source: Telnyx facts, section 3 (measured)."""

import math
from dataclasses import dataclass

from tests.sandbox.clock import Clock


@dataclass(frozen=True, slots=True)
class QuotaAnswer:
    """Whether a request may pass, and what the three headers say."""

    allowed: bool
    headers: dict[str, str]


class FixedWindowQuota:
    """`limit` requests per window of `window_s`; windows begin at multiples of it, so 60 s is the UTC minute."""

    def __init__(self, limit: int, window_s: int, clock: Clock) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._window = -1
        self._used = 0

    def take(self) -> QuotaAnswer:
        """Count one request. A refused one does not count."""
        window = int(self._clock().timestamp() // self._window_s)
        if window != self._window:
            self._window, self._used = window, 0
        allowed = self._used < self._limit
        self._used += allowed
        return QuotaAnswer(allowed, self.headers())

    def headers(self) -> dict[str, str]:
        """`x-ratelimit-reset` is the seconds to the next window; there is no `Retry-After`."""
        left_s = self._window_s - self._clock().timestamp() % self._window_s
        return {
            "x-ratelimit-limit": f"{self._limit}, {self._limit};w={self._window_s}",
            "x-ratelimit-remaining": str(self._limit - self._used),
            "x-ratelimit-reset": str(math.ceil(left_s)),
        }
