"""One line of a job's history: an attempt to find out a cost, or what made further attempts needless."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What it came to when it ended, by the clock of the reconciler that made it.

    `is_settled`: the cost was exact afterwards. `is_manual`: a person asked for it; it was not due by the schedule.
    `reason`: why it did not settle, or what settled it if that was no attempt; for people, without phone numbers.
    """

    finished_at: datetime
    is_settled: bool
    is_manual: bool = False
    reason: str = ""
