"""What Telnyx told, and the sweeps that asked for it."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from services.ledger.tables.columns import big_column, bytes_column, key_column, moment_column, table_of


class Cluster(SQLModel, table=True):
    """Facts that are connected by session or leg ids are derived, and locked, together."""

    __tablename__: ClassVar[str] = "clusters"
    id: int = key_column()


class Anchor(SQLModel, table=True):
    """An id that facts name, and the cluster that it belongs to now."""

    __tablename__: ClassVar[str] = "anchors"
    id: int = key_column()
    anchor: str = Field(unique=True)
    cluster_id: int = big_column(index=True)


class EventRow(SQLModel, table=True):
    """A webhook event. The same id with another content is kept beside it.

    `fault`: what is wrong with it, in words that are the same for all with that fault; empty where nothing is.
    `is_unreadable`: an amount is part of that.
    """

    __tablename__: ClassVar[str] = "events"
    __table_args__ = (
        UniqueConstraint("event_id", "digest"),
        Index("ix_events_received", "received_at", "id"),
        Index(
            "ix_events_quarantined",
            *("received_at", "cluster_id"),
            sqlite_where=text("is_quarantined = 1"),
            postgresql_where=text("is_quarantined"),
        ),
        Index(
            "ix_events_fault",
            *("fault", "is_unreadable", "event_id"),
            sqlite_where=text("fault <> ''"),
            postgresql_where=text("fault <> ''"),
        ),
    )
    id: int = key_column()
    event_id: str
    cluster_id: int | None = big_column(nullable=True, index=True)
    event_type: str
    occurred_at: datetime = moment_column()
    received_at: datetime = moment_column()
    is_quarantined: bool
    fault: str
    is_unreadable: bool
    digest: bytes = bytes_column()
    fact: bytes = bytes_column()
    raw: bytes | None = bytes_column(nullable=True)


class ObservationRow(SQLModel, table=True):
    """What a detail record said, and from when to when it was seen to say so."""

    __tablename__: ClassVar[str] = "record_observations"
    __table_args__ = (UniqueConstraint("record_type", "record_id", "digest"),)
    id: int = key_column()
    record_type: str
    record_id: str
    digest: bytes = bytes_column()
    cluster_id: int = big_column(index=True)
    first_observed_at: datetime = moment_column()
    last_observed_at: datetime = moment_column()
    fact: bytes = bytes_column()
    raw: bytes | None = bytes_column(nullable=True)


class DetailRecordRow(SQLModel, table=True):
    """Each detail record once, as the observation that counts has it, with the one charge that it ends in.

    `fault` and `is_unreadable` mean what they mean of an event; an unreadable amount counts 0 in `cost_nanos`.
    """

    __tablename__: ClassVar[str] = "detail_records"
    __table_args__ = (
        UniqueConstraint("record_type", "record_id"),
        # Narrow enough to count a window, or to put a day in the order of its ids, without reading the rows.
        Index("ix_detail_records_type_time", "record_type", "record_time", "first_observed_at", "record_id"),
        Index("ix_detail_records_record_id", "record_id"),
        Index(
            "ix_detail_records_fault",
            *("record_type", "fault", "is_unreadable", "record_id"),
            sqlite_where=text("fault <> ''"),
            postgresql_where=text("fault <> ''"),
        ),
    )
    id: int = key_column()
    record_type: str
    record_id: str
    cluster_id: int = big_column(index=True)
    record_time: datetime | None = moment_column(nullable=True)
    first_observed_at: datetime = moment_column()
    currency: str
    cost_nanos: int = big_column()
    fault: str
    is_unreadable: bool
    home_kind: str
    home_record_id: str


class EstimateRateRow(SQLModel, table=True):
    """The rate at which a leg was first estimated."""

    __tablename__: ClassVar[str] = "estimate_rates"
    id: int = key_column()
    call_id: str = Field(unique=True)
    cluster_id: int = big_column(index=True)
    nanos_per_minute: int = big_column()
    source: str
    booked_at: datetime = moment_column()


class SweepRow(SQLModel, table=True):
    """A window of one type that was read to its end.

    `held_count` and `is_proven` follow from other facts: what they mean stands with `Weight`. `held_count` is None
    while it is not known; such a sweep closes nothing. `is_applied`: both are up to date, and what the window may close
    has been derived since. `may_have_closed`: it was complete once, so that what it closed must be derived again if it
    no longer is. `first_day` until before `after_day`: the whole UTC days that it spans and that were over when it was
    read; None where it spans none. `is_counted`: Telnyx was only asked how many records there are.
    """

    __tablename__: ClassVar[str] = "sweeps"
    __table_args__ = (
        UniqueConstraint(
            "record_type", "query_form", "account_key", "from_at", "to_at", "read_at", "total_results"
        ),
        Index("ix_sweeps_read", "read_at", "id"),
        Index("ix_sweeps_type_read", "record_type", "read_at", "id"),
        Index("ix_sweeps_form_read", "query_form", "read_at"),
        # Of the many short windows none spans a day: what proves days stays few.
        Index(
            "ix_sweeps_days",
            *("first_day", "after_day", "record_type", "read_at", "held_count", "total_results", "is_proven"),
            sqlite_where=text("first_day IS NOT NULL"),
            postgresql_where=text("first_day IS NOT NULL"),
        ),
        Index(
            "ix_sweeps_unapplied",
            "id",
            sqlite_where=text("is_applied = 0"),
            postgresql_where=text("NOT is_applied"),
        ),
    )
    id: int = key_column()
    record_type: str
    query_form: str
    account_key: str
    from_at: datetime = moment_column()
    to_at: datetime = moment_column()
    read_at: datetime = moment_column()
    total_results: int = big_column()
    held_count: int | None = big_column(nullable=True)
    is_proven: bool
    is_applied: bool
    may_have_closed: bool
    is_counted: bool
    first_day: date | None = None
    after_day: date | None = None


class UsageDayRow(SQLModel, table=True):
    """What usage_reports said that one type, or "usage:<product>", cost on one UTC day, with so many decimals."""

    __tablename__: ClassVar[str] = "usage_days"
    __table_args__ = (
        UniqueConstraint("record_type", "day", "currency", "cost_nanos", "read_at", "account_key"),
        Index("ix_usage_days_account_read", "account_key", "read_at"),
        Index("ix_usage_days_day", "day", "record_type", "read_at"),
    )
    id: int = key_column()
    record_type: str
    day: date
    currency: str
    cost_nanos: int = big_column()
    decimals: int
    read_at: datetime = moment_column()
    account_key: str


clusters = table_of(Cluster)
anchors = table_of(Anchor)
events = table_of(EventRow)
observations = table_of(ObservationRow)
detail_records = table_of(DetailRecordRow)
estimate_rates = table_of(EstimateRateRow)
sweeps = table_of(SweepRow)
usage_days = table_of(UsageDayRow)
