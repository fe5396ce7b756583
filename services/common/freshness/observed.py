"""What the parts of Tollbook said of themselves, and which of them said nothing. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Part = Literal["ledger", "telnyx-gateway", "reconciler"]
"""A process behind the edge, by the name of its service."""


@dataclass(frozen=True, slots=True)
class ToldAlarm:
    """An alarm of a process (services/common/alarms.py). `finding` and `advice` are sentences."""

    name: str
    age: timedelta
    finding: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFreshness:
    """As in GetFreshnessResponse; None is unset there."""

    last_webhook_at: datetime | None = None
    silent_since: datetime | None = None
    unannounced_count: int = 0
    last_sweep_at: datetime | None = None
    last_balance_at: datetime | None = None
    unsealed_since: datetime | None = None
    unbooked_age: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkProgress:
    """One of the works of a reconciler. `standstill_age`: since the last step of the turn that runs; None: none runs.

    `failing_age`: for how long its turns have failed, the last time for `reason`.
    """

    name: str
    standstill_age: timedelta | None = None
    failing_age: timedelta | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilerProgress:
    """One reconciler. `unread_age`: for how long all its questions about detail records have failed."""

    name: str
    works: tuple[WorkProgress, ...] = ()
    unread_age: timedelta | None = None
    unread_reason: str = ""
    refused_record_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All reconcilers, and the jobs that wait for them."""

    reconcilers: tuple[ReconcilerProgress, ...] = ()
    overdue_age: timedelta | None = None
    due_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the parts said when they were asked once; `silent` are those that did not answer."""

    silent: frozenset[Part]
    alarms: tuple[ToldAlarm, ...] = ()
    book: BookFreshness | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything, as it was told at one moment.

    `silent_for`: the parts that do not answer, and for how long they have not. `watched_since`: from when on somebody
    has looked; what is older than that may be the trace of a stop that is over.
    """

    watched_since: datetime
    silent_for: dict[Part, timedelta]
    alarms: tuple[ToldAlarm, ...] = ()
    book: BookFreshness | None = None
    progress: Progress | None = None
