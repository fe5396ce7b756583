"""How we stand with Telnyx: whether requests get through, and when one may try whether they do again: pure.

While they do not, asking on is of no use to anybody: it is a storm on a Telnyx that is coming back, or looks like an
attack made with a key that was taken away. So one request goes now and then, and the others are told at once.
Seconds are those of a monotonic clock.
"""

from dataclasses import dataclass, replace

_LONG_AGO = float("-inf")
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """After so many failures in a row requests stop, and how long the pauses between trials are: they double."""

    failures: int
    first_s: float
    longest_s: float
    for_people_s: float
    """The pause before a request that a person waits for."""

    def pause_s(self, failures: int) -> float:
        """After so many failures."""
        doublings = min(_MOST_DOUBLINGS, max(0, failures - self.failures))
        return min(self.longest_s, self.first_s * 2.0**doublings)


AWAY = Patience(failures=5, first_s=1.0, longest_s=60.0, for_people_s=2.0)
"""Telnyx does not answer: a single failure is the network's, and is tried again; it may be back at any moment."""

REFUSED = Patience(failures=1, first_s=30.0, longest_s=900.0, for_people_s=900.0)
"""The API key is refused. It will hardly be accepted again, but now and then Telnyx errs."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the latest answers have said. `since_s` and `reason` are those of the first and the latest failure."""

    patience: Patience
    failures: int = 0
    reason: str = ""
    since_s: float = _LONG_AGO
    asked_s: float = _LONG_AGO
    next_ask_s: float = _LONG_AGO

    @property
    def is_shut(self) -> bool:
        """Whether requests stop."""
        return self.failures >= self.patience.failures

    def wait_s(self, now_s: float, *, for_person: bool = False) -> float:
        """How long until a request may go; 0 where it may now."""
        if not self.is_shut:
            return 0.0
        at_s = self.next_ask_s
        if for_person:
            at_s = min(at_s, self.asked_s + self.patience.for_people_s)
        return max(0.0, at_s - now_s)

    def asking(self, now_s: float) -> "Standing":
        """After a request was let go: while requests stop, the next waits."""
        if not self.is_shut:
            return self
        return replace(self, asked_s=now_s, next_ask_s=now_s + self.patience.pause_s(self.failures))

    def failed(self, reason: str, now_s: float) -> "Standing":
        """After a request came to nothing."""
        failures = self.failures + 1
        return replace(
            self,
            failures=failures,
            reason=reason,
            since_s=self.since_s if self.failures else now_s,
            asked_s=max(self.asked_s, now_s),
            next_ask_s=now_s + self.patience.pause_s(failures),
        )

    def worked(self) -> "Standing":
        """After a request got through."""
        return Standing(self.patience) if self.failures else self
