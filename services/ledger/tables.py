"""The ledger's tables. Facts, then what is derived from them, then sums.

`telnyx_calls` and `telnyx_billing` are also an outside contract (design, section 2): users run SQL against them.
The column `metadata` is the attribute `metadata_`, because SQLAlchemy keeps the name for itself.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Index,
    LargeBinary,
    Numeric,
    Table,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from services.common.columns import BigKey, JsonColumn, UtcDateTime


def _key() -> Any:
    return Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))


def _moment(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def _big(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(BigInteger, nullable=nullable, index=index))


def _bytes(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


def _json(name: str, *, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(name, JsonColumn, nullable=nullable))


def _cost() -> Any:
    """`cost_nanos` as a decimal, kept by the database itself. Nine decimals in the divisor keep PostgreSQL exact."""
    generated = Computed("cost_nanos / 1000000000.000000000", persisted=True)
    return Field(default=None, sa_column=Column("cost", Numeric(28, 9), generated))


class Cluster(SQLModel, table=True):
    """Facts that are connected by session or leg ids are derived, and locked, together."""

    __tablename__: ClassVar[str] = "clusters"
    id: int = _key()


class Anchor(SQLModel, table=True):
    """An id that facts name, and the cluster that it belongs to now."""

    __tablename__: ClassVar[str] = "anchors"
    id: int = _key()
    anchor: str = Field(unique=True)
    cluster_id: int = _big(index=True)


class EventRow(SQLModel, table=True):
    """A webhook event. The same id with another content is kept beside it."""

    __tablename__: ClassVar[str] = "events"
    __table_args__ = (UniqueConstraint("event_id", "digest"),)
    id: int = _key()
    event_id: str
    cluster_id: int | None = _big(nullable=True, index=True)
    event_type: str
    occurred_at: datetime = _moment()
    received_at: datetime = _moment()
    is_quarantined: bool
    digest: bytes = _bytes()
    fact: bytes = _bytes()
    raw: bytes | None = _bytes(nullable=True)


class ObservationRow(SQLModel, table=True):
    """What a detail record said, and from when to when it was seen to say so."""

    __tablename__: ClassVar[str] = "record_observations"
    __table_args__ = (UniqueConstraint("record_type", "record_id", "digest"),)
    id: int = _key()
    record_type: str
    record_id: str
    digest: bytes = _bytes()
    cluster_id: int = _big(index=True)
    first_observed_at: datetime = _moment()
    last_observed_at: datetime = _moment()
    fact: bytes = _bytes()
    raw: bytes | None = _bytes(nullable=True)


class DetailRecordRow(SQLModel, table=True):
    """Each detail record once, as the observation that counts has it, with the one charge that it ends in."""

    __tablename__: ClassVar[str] = "detail_records"
    __table_args__ = (
        UniqueConstraint("record_type", "record_id"),
        Index("ix_detail_records_type_time", "record_type", "record_time"),
        Index("ix_detail_records_record_id", "record_id"),
    )
    id: int = _key()
    record_type: str
    record_id: str
    cluster_id: int = _big(index=True)
    record_time: datetime | None = _moment(nullable=True)
    first_observed_at: datetime = _moment()
    currency: str
    cost_nanos: int = _big()
    home_kind: str
    home_record_id: str


class EstimateRateRow(SQLModel, table=True):
    """The rate at which a leg was first estimated."""

    __tablename__: ClassVar[str] = "estimate_rates"
    id: int = _key()
    call_id: str = Field(unique=True)
    cluster_id: int = _big(index=True)
    nanos_per_minute: int = _big()
    source: str
    booked_at: datetime = _moment()


class SweepRow(SQLModel, table=True):
    """A window of one type that was read to its end.

    `held_count` and `is_proven` follow from other facts: what they mean stands with `Weight`. `held_count` is None
    while it is not known; such a sweep closes nothing. `is_applied`: both are up to date, and what the window may close
    has been derived since. `may_have_closed`: it was complete once, so that what it closed must be derived again if it
    no longer is.
    """

    __tablename__: ClassVar[str] = "sweeps"
    __table_args__ = (
        UniqueConstraint(
            "record_type", "query_form", "account_key", "from_at", "to_at", "read_at", "total_results"
        ),
        Index("ix_sweeps_read", "read_at", "id"),
        Index("ix_sweeps_type_read", "record_type", "read_at", "id"),
        Index("ix_sweeps_form_read", "query_form", "read_at"),
        Index(
            "ix_sweeps_unapplied",
            "id",
            sqlite_where=text("is_applied = 0"),
            postgresql_where=text("NOT is_applied"),
        ),
    )
    id: int = _key()
    record_type: str
    query_form: str
    account_key: str
    from_at: datetime = _moment()
    to_at: datetime = _moment()
    read_at: datetime = _moment()
    total_results: int = _big()
    held_count: int | None = _big(nullable=True)
    is_proven: bool
    is_applied: bool
    may_have_closed: bool


class UsageDayRow(SQLModel, table=True):
    """What usage_reports said that one type cost on one UTC day."""

    __tablename__: ClassVar[str] = "usage_days"
    __table_args__ = (
        UniqueConstraint("record_type", "day", "currency", "cost_nanos", "read_at", "account_key"),
        Index("ix_usage_days_account_read", "account_key", "read_at"),
    )
    id: int = _key()
    record_type: str
    day: date
    currency: str
    cost_nanos: int = _big()
    read_at: datetime = _moment()
    account_key: str


class CallRow(SQLModel, table=True):
    """A call leg."""

    __tablename__: ClassVar[str] = "telnyx_calls"
    id: int = _key()
    telnyx_call_id: str = Field(unique=True)
    telnyx_session_id: str = Field(index=True)
    cluster_id: int = _big(index=True)
    call_control_id: str
    call_leg_id: str
    from_number: str
    to_number: str
    direction: str
    status: str
    duration: int = _big()
    currency: str
    cost_nanos: int = _big()
    cost: Decimal = _cost()
    started_at: datetime = _moment(index=True)
    answered_at: datetime | None = _moment(nullable=True)
    ended_at: datetime | None = _moment(nullable=True)
    hangup_cause: str
    merged_into: str | None = None
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


_FILTERED = ("record_type", "direction", "status", "merged_into")
"""What a listing can ask of a charge, at the end of an index: rows that do not match are passed over unread."""

_SORTED = ("cost_nanos", "duration")
"""What a listing can be sorted by, at the end of an index: only the rows of the page are read."""

_TYPED = ("record_type", "direction")
_PLACED = ("billing_date", "phone_number", "status", "merged_into")


class BillingRow(SQLModel, table=True):
    """A charge: what a leg, a message or another record costs in one currency."""

    __tablename__: ClassVar[str] = "telnyx_billing"
    __table_args__ = (
        UniqueConstraint("record_type", "record_id", "currency"),
        # By time, and any stretch of time sorted by something else.
        Index("ix_telnyx_billing_date", "billing_date", "id", "phone_number", *_FILTERED, *_SORTED),
        # The same of one of the account's numbers: it can have one charge among a million, or all of them.
        Index("ix_telnyx_billing_number", "phone_number", "billing_date", "id", *_FILTERED, *_SORTED),
        # The same of one other party: `text` asks for either side of a charge.
        Index(
            "ix_telnyx_billing_contact", "contact", "billing_date", "id", "phone_number", *_FILTERED, *_SORTED
        ),
        # The few that are still estimated, wherever they lie in years of settled ones. A charge leaves it for good
        # once it is settled, so it stays small.
        Index(
            "ix_telnyx_billing_estimated",
            *("billing_date", "id", "phone_number", *_FILTERED, *_SORTED),
            sqlite_where=text("status = 'estimated'"),
            postgresql_where=text("status = 'estimated'"),
        ),
        # By cost and by duration, for stretches too long to sort. By type first: costs go with types, and all calls
        # would have to be walked through to find the dearest message.
        Index("ix_telnyx_billing_cost", *_TYPED, "cost_nanos", "id", *_PLACED),
        Index("ix_telnyx_billing_duration", *_TYPED, "duration", "id", *_PLACED),
    )
    id: int = _key()
    cluster_id: int = _big(index=True)
    phone_number: str
    contact: str
    direction: str
    record_type: str
    record_id: str
    status: str
    source: str
    currency: str
    cost_nanos: int = _big()
    cost: Decimal = _cost()
    billing_date: datetime = _moment()
    duration: int = _big()
    description: str
    metadata_: Any = _json("metadata")
    settled_at: datetime | None = _moment(nullable=True)
    merged_into: str | None = None
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


class PartRow(SQLModel, table=True):
    """A line of what a charge consists of."""

    __tablename__: ClassVar[str] = "billing_parts"
    id: int = _key()
    billing_id: int = _big(index=True)
    position: int
    record_type: str
    record_id: str
    cost_nanos: int = _big()
    rate: str
    billed_seconds: int | None = _big(nullable=True)
    call_seconds: int | None = _big(nullable=True)
    source: str


class EntryRow(SQLModel, table=True):
    """A line of the journal; only ever appended."""

    __tablename__: ClassVar[str] = "billing_entries"
    id: int = _key()
    billing_id: int = _big(index=True)
    kind: str
    amount_nanos: int = _big()
    cost_after_nanos: int = _big()
    source: str
    posted_at: datetime = _moment()


class OpenItemRow(SQLModel, table=True):
    """A leg or message that waits for something; gone once it waits for nothing.

    `changed_at`: when it last changed, but not before `open_at`: becoming open is a change too.
    """

    __tablename__: ClassVar[str] = "open_items"
    __table_args__ = (
        UniqueConstraint("record_id", "record_type"),
        Index("ix_open_items_changed", "changed_at", "id"),
        Index("ix_open_items_span", "started_at", "ended_at"),
    )
    id: int = _key()
    record_type: str
    record_id: str
    cluster_id: int = _big(index=True)
    session_id: str
    call_control_id: str
    leg_id: str
    started_at: datetime = _moment()
    ended_at: datetime = _moment()
    open_at: datetime = _moment()
    changed_at: datetime = _moment()
    is_settled: bool
    missing: Any = _json("missing")
    unclosed: Any = _json("unclosed")
    unreadable: Any = _json("unreadable")


class NumberRollup(SQLModel, table=True):
    """Sums of charges per number, type, currency and day; `slot` spreads concurrent writers and is summed on read.

    In the order in which sums by number are asked for: on SQLite the sums of a year are then read without sorting.
    """

    __tablename__: ClassVar[str] = "number_rollups"
    __table_args__ = ({"sqlite_with_rowid": False},)
    phone_number: str = Field(primary_key=True)
    record_type: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    cost_nanos: int = _big()
    exact_nanos: int = _big()
    charge_count: int = _big()
    exact_count: int = _big()


class PartRollup(SQLModel, table=True):
    """Sums of the parts of charges, of one number; `charge_count` counts each charge once that has the part.

    Sums over all numbers are read from `day_rollups`.
    """

    __tablename__: ClassVar[str] = "part_rollups"
    __table_args__ = ({"sqlite_with_rowid": False},)
    phone_number: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    record_type: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    cost_nanos: int = _big()
    exact_nanos: int = _big()
    charge_count: int = _big()
    exact_count: int = _big()


class DayRollup(SQLModel, table=True):
    """Sums over all numbers: a row for each part, and one with the part "" for the whole charges.

    An account with many numbers has as many times more rows in the other two: too many for a year at a glance.
    """

    __tablename__: ClassVar[str] = "day_rollups"
    __table_args__ = ({"sqlite_with_rowid": False},)
    day: date = Field(primary_key=True)
    record_type: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    cost_nanos: int = _big()
    exact_nanos: int = _big()
    charge_count: int = _big()
    exact_count: int = _big()


class RecordRollup(SQLModel, table=True):
    """Sums of detail records per type and day of their own time field, to hold against usage_reports."""

    __tablename__: ClassVar[str] = "record_rollups"
    record_type: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    cost_nanos: int = _big()
    record_count: int = _big()


def _table(model: type[SQLModel]) -> Table:
    table: Table = getattr(model, "__table__")  # noqa: B009 - SQLModel declares no such attribute to mypy
    return table


clusters = _table(Cluster)
anchors = _table(Anchor)
events = _table(EventRow)
observations = _table(ObservationRow)
detail_records = _table(DetailRecordRow)
estimate_rates = _table(EstimateRateRow)
sweeps = _table(SweepRow)
usage_days = _table(UsageDayRow)
calls = _table(CallRow)
billing = _table(BillingRow)
billing_parts = _table(PartRow)
billing_entries = _table(EntryRow)
open_items = _table(OpenItemRow)
number_rollups = _table(NumberRollup)
part_rollups = _table(PartRollup)
day_rollups = _table(DayRollup)
record_rollups = _table(RecordRollup)

metadata = SQLModel.metadata
