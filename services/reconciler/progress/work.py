"""Signs of life of one work of the timed loop. Pure, on monotonic seconds.

A turn may take long: an hour of pages, where the quota is scarce. So what counts is its last step, not its beginning.
"""

from contextvars import ContextVar
from datetime import timedelta
from typing import Final

from services.common.clock import Clock
from services.common.freshness.observed import WorkProgress

_ON_TIME_S: Final = 5.0
"""A turn that is due begins within this, unless the event loop hangs."""

_running: ContextVar["Work | None"] = ContextVar("running_work", default=None)


class Work:
    """What is known of one work by its turns; whatever runs in a turn tells its steps by `step_made`."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._expected_s = clock.monotonic_s()
        """When it made its last step, or when its next turn is due."""
        self._is_running = False
        self._failing_since_s: float | None = None
        self._reason = ""

    def begins(self) -> None:
        """A turn begins; what it awaits is a part of it."""
        self._is_running = True
        self._expected_s = self._clock.monotonic_s()
        _running.set(self)

    def makes_step(self) -> None:
        """The turn gets on."""
        self._expected_s = self._clock.monotonic_s()

    def ended(self, next_in_s: float, failure: str = "") -> None:
        """The turn has ended, with what it failed of; the next one is due in so many seconds."""
        now_s = self._clock.monotonic_s()
        self._is_running = False
        self._expected_s = now_s + next_in_s
        self._reason = failure
        if not failure:
            self._failing_since_s = None
        elif self._failing_since_s is None:
            self._failing_since_s = now_s

    def told(self) -> WorkProgress:
        """As it is now."""
        now_s = self._clock.monotonic_s()
        standstill_s = now_s - self._expected_s
        failing_s = None if self._failing_since_s is None else now_s - self._failing_since_s
        return WorkProgress(
            name=self.name,
            standstill_age=timedelta(seconds=standstill_s)
            if standstill_s >= (0 if self._is_running else _ON_TIME_S)
            else None,
            failing_age=None if failing_s is None else timedelta(seconds=failing_s),
            reason=self._reason,
        )


def step_made() -> None:
    """Whatever work is running here gets on: an answer came, a page was booked. Outside of any work it says nothing."""
    work = _running.get()
    if work is not None:
        work.makes_step()
