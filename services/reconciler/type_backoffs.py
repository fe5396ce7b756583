"""When each record type may be read again after a failure, and when any: pure, on monotonic seconds.

Where one type after another fails, it is not the types: Telnyx is away, or refuses the API key. Each would be asked in
vain, and what that takes of the quota is missed by the attempts of calls. So only one is asked, now and then, until a
reading succeeds.
"""

from collections.abc import Iterable

from services.reconciler.pace import Backoff

_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 60.0
_COMMON_FROM = 3
"""The records of a call come as two types, which may well fail together."""


class TypeBackoffs:
    """The backoff of each type, and the one that all have in common."""

    def __init__(self, names: Iterable[str]) -> None:
        self._of_type = {name: Backoff(_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S) for name in names}
        self._common = Backoff(_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S)
        self._failed_in_a_row: set[str] = set()

    def is_over(self, name: str, now_s: float) -> bool:
        """Whether this type may be read again, as far as can be seen before its turn."""
        return self._common.is_over(now_s) and self._of_type[name].is_over(now_s)

    def begins(self, now_s: float) -> bool:
        """Whether a reading may begin, now that it has its turn. While all fail, the next waits for its outcome."""
        if not self._common.is_over(now_s):
            return False
        if self._is_common:
            self._common.failed(now_s)
        return True

    def failed(self, name: str, now_s: float, at_least_s: float = 0.0, *, is_own: bool = False) -> None:
        """Note that a reading of this type failed. `is_own`: for a reason that tells nothing of the other types."""
        self._of_type[name].failed(now_s, at_least_s)
        if is_own:
            return
        was_common = self._is_common
        self._failed_in_a_row.add(name)
        if self._is_common and not was_common:
            self._common.failed(now_s)

    def succeeded(self, name: str) -> None:
        """Note that a reading of this type succeeded: what others fail for is their own."""
        self._of_type[name].succeeded()
        self._common.succeeded()
        self._failed_in_a_row.clear()

    def failures(self, name: str) -> int:
        """How often in a row this type failed. While all fail, those with the fewest go first: each has its turn."""
        return self._of_type[name].failures

    @property
    def _is_common(self) -> bool:
        return len(self._failed_in_a_row) >= _COMMON_FROM
