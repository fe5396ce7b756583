"""Record types that Telnyx refuses to list: left alone for a day, then tried again (design, rule 3.n)."""

from collections.abc import Collection

import structlog

from services.common.clock import Clock

_FORGOTTEN_AFTER_S = 86_400.0
_log = structlog.get_logger()


class Refusals:
    """Which types are refused now. In memory only: after a restart each is tried once more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[str, float] = {}

    def refused(self, record_type: str, reason: str) -> None:
        """Telnyx refused to list this type."""
        if record_type not in self.now():
            _log.warning(
                "type.dropped",
                record_type=record_type,
                reason=reason,
                message=f"Telnyx refuses to list {record_type} records; it is asked again in a day",
            )
        self._until_s[record_type] = self._clock.monotonic_s() + _FORGOTTEN_AFTER_S

    def now(self) -> Collection[str]:
        """The types to leave alone."""
        now_s = self._clock.monotonic_s()
        return {name for name, until_s in self._until_s.items() if now_s < until_s}
