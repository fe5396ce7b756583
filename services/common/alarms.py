"""What keeps a process from its work until somebody does something: said once in the log, and shown until it is over.

    DISK_FULL = Alarm("disk_full", "Make room on the disk of the ledger; it goes on by itself.")
    DISK_FULL.raised("The disk of the book is full: webhooks are refused.")
    DISK_FULL.ended()

Each room keeps its alarms as constants. What is raised is answered by every gRPC server (AlarmService), and so comes to
`/readyz`, to the page and to `tollbook doctor`.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Gauge

from services.common.freshness.observed import ToldAlarm

ALARM_GAUGE: Final = Gauge(
    "tollbook_alarm", "1 while this process cannot do its work until somebody does something", ["name"]
)
_alarms: dict[str, "Alarm"] = {}
_raised: dict[str, "_Raised"] = {}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Raised:
    since_s: float
    finding: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that can be wrong with this process, by a name that no other has. Any thread may raise and end it."""

    name: str
    advice: str

    def __post_init__(self) -> None:
        if _alarms.setdefault(self.name, self) is not self:
            raise ValueError(f"there are two alarms named {self.name}")
        ALARM_GAUGE.labels(name=self.name).set(0)

    def raised(self, finding: str) -> None:
        """It is so, and may have been before. `finding`: a sentence without secrets and phone numbers."""
        before = _raised.get(self.name)
        _raised[self.name] = _Raised(before.since_s if before else time.monotonic(), finding)
        ALARM_GAUGE.labels(name=self.name).set(1)
        if before is None:
            _log.error("alarm.raised", name=self.name, message=f"{finding} {self.advice}")

    def ended(self) -> None:
        """It is no longer so, if it was."""
        if _raised.pop(self.name, None) is not None:
            ALARM_GAUGE.labels(name=self.name).set(0)
            _log.info("alarm.ended", name=self.name, message=f"{self.name} is over")


def raised_alarms() -> list[ToldAlarm]:
    """The alarms of this process that are raised now, the oldest first."""
    now_s = time.monotonic()
    oldest_first = sorted(_raised.items(), key=lambda item: item[1].since_s)
    return [
        ToldAlarm(name, timedelta(seconds=now_s - each.since_s), each.finding, _alarms[name].advice)
        for name, each in oldest_first
    ]
