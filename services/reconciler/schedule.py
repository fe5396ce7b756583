"""When a job is tried, and when it is given up: pure, from the delays of RECONCILE_DELAYS_SECONDS."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_COUNTED_FROM_OPENING = 2
"""The first two delays count from the receipt of the hang-up, each later one from the attempt before."""


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """How many attempts count as made, and when the next one is due; None after the last."""

    attempts: int
    run_at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Attempt times from delays in seconds (design, section 2).

    `5,30,60,120,...`: the first attempt 5 s after the item opened, the second 30 s after it opened, then a wait of
    1 min after the second, 2 min after the third, and so on.
    """

    delays_s: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.delays_s or min(self.delays_s) <= 0:
            raise ValueError("a schedule needs at least one delay, and every delay must be above 0")

    def first_run_at(self, opened_at: datetime) -> datetime:
        """When the first attempt is due."""
        return opened_at + timedelta(seconds=self.delays_s[0])

    def after_attempt(
        self, opened_at: datetime, attempts: int, due_at: datetime, ran_at: datetime
    ) -> NextAttempt:
        """What follows an attempt that was due at `due_at` after `attempts` earlier ones, ran and did not settle.

        Attempts that would have followed by then, had it run when it was due, ran as this one and count as made; but
        never the last, so that whatever is late is looked for once more.
        """
        made = attempts + 1
        most = max(len(self.delays_s) - 1, min(_COUNTED_FROM_OPENING, len(self.delays_s)))
        while made < most and (following := self._run_at(opened_at, made, due_at)) <= ran_at:
            due_at = following
            made += 1
        if made >= len(self.delays_s):
            return NextAttempt(made, None)
        return NextAttempt(made, self._run_at(opened_at, made, ran_at))

    def _run_at(self, opened_at: datetime, index: int, ran_at: datetime) -> datetime:
        base = opened_at if index < _COUNTED_FROM_OPENING else ran_at
        return base + timedelta(seconds=self.delays_s[index])
