"""Whether Telnyx answers what is asked about detail records. On monotonic seconds."""

from datetime import timedelta
from typing import Final

from services.common.clock import Clock
from services.common.errors import InvalidInput, NotFound, TelnyxRefused, TollbookError

_ABOUT_THE_REQUEST: Final = "request"
"""What telnyx-gateway names as the field of a refusal that says nothing about other requests."""


class Reading:
    """For how long every question has failed, whoever asked it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failing_since_s: float | None = None
        self._failed_last_s = 0.0
        self.reason = ""
        """Why the last question failed; empty where it did not."""

    def answered(self) -> None:
        """A question was answered, or one page of it."""
        self._failing_since_s = None
        self.reason = ""

    def failed(self, error: TollbookError) -> None:
        """A question failed. What is wrong with the question itself says nothing of Telnyx."""
        is_own = isinstance(error, TelnyxRefused) and error.field == _ABOUT_THE_REQUEST
        if is_own or isinstance(error, InvalidInput | NotFound):
            return
        self._failed_last_s = self._clock.monotonic_s()
        self.reason = error.detail
        if self._failing_since_s is None:
            self._failing_since_s = self._failed_last_s

    def unread_age(self) -> timedelta | None:
        """From the first failure in a row to the last; None where the last question was answered.

        Not to now: after one question that failed, none may have been asked.
        """
        if self._failing_since_s is None:
            return None
        return timedelta(seconds=self._failed_last_s - self._failing_since_s)
