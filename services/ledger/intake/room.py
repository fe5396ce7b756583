"""Whether the ledger's disk has room: what is refused while it has none, and the alarm that says so."""

from typing import Final, Literal

from services.common.alarms import Alarm
from services.common.database_failures import DISK_RETRY_AFTER_S
from services.common.errors import DiskFull
from services.common.freshness.symptom import DISK_FULL

Want = Literal["booking", "growing"]
"""What there was no room for: to book what was acknowledged, or to keep anything new."""

ALARM: Final = Alarm(
    DISK_FULL,
    "Make room on the disk of the ledger's database; it goes on by itself, and nothing that was acknowledged is lost.",
)
_FINDING: Final = "The disk of the ledger's database is full: webhooks are refused, and nothing is recorded."


class Room:
    """What could not be done for want of room, and has not been done since."""

    def __init__(self) -> None:
        self._short: set[Want] = set()

    @property
    def is_short(self) -> bool:
        """Whether there is no room, as far as is known."""
        return bool(self._short)

    def refused(self, want: Want) -> None:
        """There was no room for this."""
        self._short.add(want)
        ALARM.raised(_FINDING)

    def took(self, want: Want) -> None:
        """There was room for this."""
        if want in self._short:
            self._short.remove(want)
            if not self._short:
                ALARM.ended()

    def require(self) -> None:
        """Raises DiskFull while there is no room."""
        if self._short:
            raise DiskFull(
                "the disk of the ledger's database is full: make room there, and all goes on by itself",
                retry_after_s=DISK_RETRY_AFTER_S,
            )
