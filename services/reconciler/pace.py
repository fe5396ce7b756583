"""How fast work that costs quota may go: pure, on monotonic seconds.

Telnyx's quota shows itself as time: telnyx-gateway lets a reading wait until the quota allows it. So a share of the
quota is kept as a share of time, and holds whatever the quota is, and whoever else uses it.
"""

from dataclasses import dataclass

_MAX_DOUBLINGS = 10


@dataclass(slots=True)
class Rest:
    """After work, a rest, so that the work takes at most `share` of the time."""

    share: float
    not_before_s: float = 0.0

    def is_over(self, now_s: float) -> bool:
        """Whether work may begin."""
        return now_s >= self.not_before_s

    def worked(self, now_s: float, took_s: float) -> None:
        """Note that work which took this long has just ended."""
        self.not_before_s = now_s + took_s * (1 - self.share) / self.share


@dataclass(slots=True)
class Backoff:
    """Waits that double from `first_s` up to `longest_s` for as long as nothing gets better."""

    first_s: float
    longest_s: float
    failures: int = 0
    not_before_s: float = 0.0

    def is_over(self, now_s: float) -> bool:
        """Whether it may be tried again."""
        return now_s >= self.not_before_s

    def failed(self, now_s: float, at_least_s: float = 0.0) -> float:
        """Note a failure; gives the wait until the next try."""
        wait_s = max(at_least_s, doubled(self.first_s, self.failures, self.longest_s))
        self.failures += 1
        self.not_before_s = now_s + wait_s
        return wait_s

    def succeeded(self) -> None:
        """Note that it works again."""
        self.failures = 0
        self.not_before_s = 0.0


@dataclass(slots=True)
class ClosingLane:
    """When one type's closing windows may be read again.

    At the base pace while readings close something, with doubling waits while the same items stay open, and always
    with a rest.
    """

    base_s: float
    longest_s: float
    rest: Rest
    unmet: frozenset[str] = frozenset()
    repeats: int = 0
    not_before_s: float = 0.0

    def is_over(self, now_s: float) -> bool:
        """Whether windows may be read again."""
        return now_s >= self.not_before_s and self.rest.is_over(now_s)

    def read(self, now_s: float, took_s: float, served: frozenset[str]) -> None:
        """Note that windows were read for the items `served`: if all of them come again, nothing was closed."""
        self.repeats = self.repeats + 1 if served <= self.unmet else 0
        self.unmet = served
        self.not_before_s = now_s + doubled(self.base_s, self.repeats, self.longest_s)
        self.rest.worked(now_s, took_s)


def doubled(first_s: float, times: int, longest_s: float) -> float:
    """A wait doubled so many times, up to the longest."""
    return min(longest_s, first_s * 2.0 ** min(times, _MAX_DOUBLINGS))
