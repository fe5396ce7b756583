"""What the doctor looks at, as the parts of Tollbook told it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.common.money import Money
from services.reconciler.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether the API key works. `message`: what Telnyx said of it. `clock_skew`: Telnyx's clock less ours."""

    key_works: bool
    message: str
    clock_skew: timedelta | None


@dataclass(frozen=True, slots=True)
class Application:
    """A call-control application of the account."""

    name: str
    call_cost_in_webhooks: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class Quota:
    """The detail-record quota as the last answers told it. `used_by_others`: of this window, by other programs."""

    limit: int
    remaining: int
    reset_at: datetime
    used_by_others: int


@dataclass(frozen=True, slots=True)
class UnreadableFacts:
    """Facts with one thing wrong: of what kind, what is wrong, how many, and the id of one."""

    kind: str
    reason: str
    count: int
    example_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookHealth:
    """What the ledger says of its book. Counts of the last 7 days, except for all events and what is unsettled."""

    last_event_at: datetime | None = None
    event_count: int = 0
    quarantined_count: int = 0
    unreadable: tuple[UnreadableFacts, ...] = ()
    unproven_sweeps: tuple[Sweep, ...] = ()
    latest_sweeps: tuple[Sweep, ...] = ()
    unsettled_count: int = 0
    oldest_unsettled_at: datetime | None = None
    future_count: int = 0


@dataclass(frozen=True, slots=True)
class Canary:
    """A day of one type of which the book holds records, and how many Telnyx counts on it."""

    record_type: str
    day: date
    held_count: int
    total_results: int


@dataclass(frozen=True, slots=True)
class BalanceOutlook:
    """The latest snapshot, and how long what is left will last; None where the book cannot tell yet."""

    available: Money
    read_at: datetime
    time_left: timedelta | None
