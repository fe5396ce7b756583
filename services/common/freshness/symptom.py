"""What somebody should know of, and the patience before it is said. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args

from services.common.freshness.observed import Part

SILENT_PARTS: Final = {part: f"{part.replace('-', '_')}_silent" for part in get_args(Part)}
"""The names of the symptoms of a part that does not answer."""

DISK_FULL: Final = "disk_full"
"""The alarm of a ledger whose disk takes nothing more: the one that makes an edge say that it is not ready."""

NAMES: Final = (
    *SILENT_PARTS.values(),
    "reconciler_stuck",
    "reconciler_failing",
    "reconciler_starved",
    "records_unread",
    "records_refused",
    "nothing_read",
    "webhooks_silent",
    "sealing_stuck",
    "booking_stuck",
)
"""All symptoms but alarms, which have names of their own."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something has stopped. `finding` and `advice` are sentences, without secrets and phone numbers."""

    name: str
    since: datetime
    finding: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long something may last before it is said. With the time between two looks each is below 15 minutes.

    `overdue` is longer: attempts wait up to 20 minutes for one another by plan (ADR 27), and what starves them
    altogether is `unread`.
    """

    silent: timedelta = timedelta(minutes=2)
    stuck: timedelta = timedelta(minutes=10)
    """Longer than any one call between the processes may take."""
    failing: timedelta = timedelta(minutes=8)
    unread: timedelta = timedelta(minutes=8)
    overdue: timedelta = timedelta(minutes=35)
    balance: timedelta = timedelta(minutes=12)
    """It is read every five minutes."""
    unsealed: timedelta = timedelta(minutes=5)
    unbooked: timedelta = timedelta(minutes=5)


USUAL: Final = Patience()
