"""Telnyx's own count of requests: 40 in a fixed UTC minute, for all programs of the account together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.simulation.faults import Stretch

LIMIT = 40
_MINUTE_S = 60.0
_DAY_MINUTES = 1_440


class QuotaOverrun(AssertionError):
    """We asked more often than Telnyx allows, and nobody else had."""


@dataclass(slots=True)
class RequestMeter:
    """Counts requests, refuses those beyond the limit, and remembers what came of all.

    `rivals`: when another client uses the same quota. `storms`: when it uses up all of it.
    """

    rivals: Sequence[Stretch] = ()
    storms: Sequence[Stretch] = ()
    minute: int = -1
    count: int = 0
    own_count: int = 0
    sent_count: int = 0
    refused_count: int = 0
    most_per_minute: int = 0
    per_day: Counter[int] = field(default_factory=Counter)

    def take(self, now_s: float) -> bool:
        """One request of ours arrives; False if it is answered 429."""
        self._turn(now_s)
        is_shared = self._is_shared(now_s)
        self.sent_count += 1
        self.own_count += 1
        self.most_per_minute = max(self.most_per_minute, self.own_count)
        self.per_day[self.minute // _DAY_MINUTES] += 1
        if self.own_count > LIMIT and not is_shared:
            raise QuotaOverrun(
                f"request {self.own_count} of the minute {self.minute}, of which nobody else used any"
            )
        self.count += 1
        used = self.count + self._used_by_others(now_s)
        if used > LIMIT:
            self.refused_count += 1
            return False
        return True

    def headers(self, now_s: float) -> dict[str, str]:
        """What every answer says of the quota (Telnyx facts, section 3)."""
        left = max(0, LIMIT - self.count - self._used_by_others(now_s))
        reset_s = -(-((self.minute + 1) * _MINUTE_S - now_s) // 1)
        return {
            "x-ratelimit-limit": f"{LIMIT}, {LIMIT};w=60",
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": str(int(reset_s)),
        }

    def _turn(self, now_s: float) -> None:
        minute = int(now_s // _MINUTE_S)
        if minute != self.minute:
            self.minute, self.count, self.own_count = minute, 0, 0

    def _is_shared(self, now_s: float) -> bool:
        """Whether another client is at work in this minute."""
        begin_s = self.minute * _MINUTE_S
        return any(
            stretch.from_s < begin_s + _MINUTE_S and stretch.to_s > begin_s
            for stretch in (*self.rivals, *self.storms)
        )

    def _used_by_others(self, now_s: float) -> int:
        """A rival uses half of the quota bit by bit; in a storm nothing is left."""
        if any(stretch.holds(now_s) for stretch in self.storms):
            return LIMIT
        if any(stretch.holds(now_s) for stretch in self.rivals):
            return int(LIMIT / 2 * (now_s % _MINUTE_S) / _MINUTE_S) + 1
        return 0
