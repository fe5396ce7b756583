"""The shapes of the REST answers (design, section 2). Amounts are raw JSON numbers, exact to the nano."""

from datetime import datetime

import msgspec


class Answer(msgspec.Struct, rename="camel"):
    """Base of all answers: camelCase on the wire; a field that is UNSET is left out."""


class Amount(Answer):
    """An amount beside the main one, in another currency."""

    currency: str
    cost: msgspec.Raw


class Balance(Answer):
    balance: msgspec.Raw
    pending: msgspec.Raw
    credit_limit: msgspec.Raw
    available_credit: msgspec.Raw
    currency: str


class Record(Answer):
    """One line of the bill."""

    id: str
    record_type: str
    phone_number: str | None
    contact: str | None
    timestamp: datetime | None
    duration: int
    cost: msgspec.Raw
    currency: str
    status: str
    source: str
    description: str


class Sums(Answer):
    """Sums over all charges of a filter or group, in one currency."""

    total_cost: msgspec.Raw
    sms_cost: msgspec.Raw
    call_cost: msgspec.Raw
    other_cost: msgspec.Raw
    estimated_cost: msgspec.Raw
    exact_cost: msgspec.Raw
    currency: str
    count: int


class Summary(Sums):
    other_currencies: list[Sums] | msgspec.UnsetType = msgspec.UNSET


class Group(Sums):
    key: str
    other_currencies: list[Sums] | msgspec.UnsetType = msgspec.UNSET


class Records(Answer):
    records: list[Record]
    summary: Summary
    next_cursor: str | None


class GroupedSummary(Answer):
    totals: Summary
    groups: list[Group]


class Part(Answer):
    """`currency` only where it is not that of the call."""

    record_type: str
    record_id: str | None
    cost: msgspec.Raw
    rate: msgspec.Raw | None
    billed_seconds: int | None
    call_seconds: int | None
    source: str
    currency: str | msgspec.UnsetType = msgspec.UNSET


class Entry(Answer):
    """`amount` is signed; the amounts of one currency add up to the cost. `currency` as in Part."""

    posted_at: datetime | None
    kind: str
    amount: msgspec.Raw
    cost_after: msgspec.Raw
    source: str
    currency: str | msgspec.UnsetType = msgspec.UNSET


class Attempt(Answer):
    """One attempt to fetch a cost. `manual`: a person asked for it; `reason`: why it did not settle."""

    finished_at: datetime | None
    settled: bool
    manual: bool
    reason: str | None


class Job(Answer):
    """A job of the reconciler. `history` is there where one job is shown: its latest attempts, oldest first."""

    call_id: str
    session_id: str | None
    status: str
    attempts: int
    next_run_at: datetime | None
    last_error: str | None
    completed_at: datetime | None
    created_at: datetime | None
    history: list[Attempt] | msgspec.UnsetType = msgspec.UNSET


class Jobs(Answer):
    jobs: list[Job]
    next_cursor: str | None


class Call(Answer):
    """One call leg. `unreadable` has a sentence for each amount that could not be read.

    `estimate_rate` is per minute, `estimate_source` where it came from: `fallback` or `learned`.
    """

    telnyx_call_id: str
    call_control_id: str | None
    call_leg_id: str | None
    call_session_id: str | None
    from_number: str | None = msgspec.field(name="from")
    to_number: str | None = msgspec.field(name="to")
    direction: str | None
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    hangup_cause: str | None
    cost: msgspec.Raw
    currency: str
    status: str
    estimate: msgspec.Raw | None
    estimate_rate: msgspec.Raw | None
    estimate_source: str | None
    parts: list[Part]
    missing: list[str]
    unreadable: list[str]
    history: list[Entry]
    other_currencies: list[Amount] | msgspec.UnsetType = msgspec.UNSET
    job: Job | msgspec.UnsetType | None = msgspec.UNSET


class Session(Answer):
    """All legs of one conversation; `parts` are those of the legs and those that belong to no leg."""

    session_id: str
    cost: msgspec.Raw
    currency: str
    status: str
    calls: list[Call]
    parts: list[Part]
    other_currencies: list[Amount] | msgspec.UnsetType = msgspec.UNSET


class FetchedCost(Answer):
    success: bool
    call_id: str
    cost: msgspec.Raw
    message: str


class PendingCost(Answer):
    success: bool
    call_id: str
    error: str
    should_retry: bool


class ProcessedJobs(Answer):
    success: bool
    processed: int
    succeeded: int
    failed: int
    retried: int
    timestamp: datetime
