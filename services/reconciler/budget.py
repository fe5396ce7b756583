"""What attempts may cost: so much per minute, so that few calls are served at once, and so much for each new session.

Many calls are then served together, because together they cost less each: an account's load sets the pace by itself,
and no rate of calls has to be known. Pure, on monotonic seconds.
"""

from dataclasses import dataclass

BASE_PER_MINUTE = 2.0
"""What attempts may cost however few calls there are: enough for some hundred calls a day exactly on schedule."""

PER_SESSION = 0.19
"""What a session may cost beyond: reading its eight or so records by full pages takes 0.16."""

MOST_SAVED = 40.0
"""A quiet hour is not saved for the next: one minute of the quota at most."""


SWEEPS_PER_MINUTE = 0.2
"""What sweeps may spend on looking for single records that a count shows to be unread, before a day is closed."""


@dataclass(slots=True)
class RequestBudget:
    """Requests that some work may make now. Negative after more was due than could wait."""

    per_minute: float = BASE_PER_MINUTE
    saved: float = MOST_SAVED
    at_s: float = 0.0

    @property
    def is_low(self) -> bool:
        """Whether more is asked for than there is: what can wait should."""
        return self.saved < MOST_SAVED / 2

    def refill(self, now_s: float) -> None:
        """Let time pass."""
        self.saved = min(MOST_SAVED, self.saved + (now_s - self.at_s) / 60 * self.per_minute)
        self.at_s = now_s

    def allowance(self, session_count: int = 0) -> float:
        """How many requests may be spent on work that is the first for so many sessions."""
        return self.saved + PER_SESSION * session_count

    def time_for_s(self, request_count: float) -> float:
        """How long it takes until so many more may be made, if nothing else brings any."""
        return request_count / self.per_minute * 60

    def spent(self, request_count: int, session_count: int = 0) -> None:
        """Note work and what it took."""
        left = self.saved + PER_SESSION * session_count - request_count
        self.saved = max(-MOST_SAVED, min(MOST_SAVED, left))
