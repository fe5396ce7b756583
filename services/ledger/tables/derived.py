"""What follows from the facts: legs, charges with their parts and entries, and what is still open.

`telnyx_calls` and `telnyx_billing` are also an outside contract (design, section 2): users run SQL against them.
The column `metadata` is the attribute `metadata_`, because SQLAlchemy keeps the name for itself.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from services.ledger.tables.columns import (
    big_column,
    cost_column,
    json_column,
    key_column,
    moment_column,
    table_of,
)


class CallRow(SQLModel, table=True):
    """A call leg."""

    __tablename__: ClassVar[str] = "telnyx_calls"
    id: int = key_column()
    telnyx_call_id: str = Field(unique=True)
    telnyx_session_id: str = Field(index=True)
    cluster_id: int = big_column(index=True)
    call_control_id: str
    call_leg_id: str
    from_number: str
    to_number: str
    direction: str
    status: str
    duration: int = big_column()
    currency: str
    cost_nanos: int = big_column()
    cost: Decimal = cost_column()
    started_at: datetime = moment_column(index=True)
    answered_at: datetime | None = moment_column(nullable=True)
    ended_at: datetime | None = moment_column(nullable=True)
    hangup_cause: str
    merged_into: str | None = None
    created_at: datetime = moment_column()
    updated_at: datetime = moment_column()


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
        # What has lately become exact, to hold estimates against.
        Index(
            "ix_telnyx_billing_settled",
            *("record_type", "settled_at"),
            sqlite_where=text("settled_at IS NOT NULL"),
            postgresql_where=text("settled_at IS NOT NULL"),
        ),
    )
    id: int = key_column()
    cluster_id: int = big_column(index=True)
    phone_number: str
    contact: str
    direction: str
    record_type: str
    record_id: str
    status: str
    source: str
    currency: str
    cost_nanos: int = big_column()
    cost: Decimal = cost_column()
    billing_date: datetime = moment_column()
    duration: int = big_column()
    description: str
    metadata_: Any = json_column("metadata")
    settled_at: datetime | None = moment_column(nullable=True)
    merged_into: str | None = None
    created_at: datetime = moment_column()
    updated_at: datetime = moment_column()


class PartRow(SQLModel, table=True):
    """A line of what a charge consists of."""

    __tablename__: ClassVar[str] = "billing_parts"
    id: int = key_column()
    billing_id: int = big_column(index=True)
    position: int
    record_type: str
    record_id: str
    cost_nanos: int = big_column()
    rate: str
    billed_seconds: int | None = big_column(nullable=True)
    call_seconds: int | None = big_column(nullable=True)
    source: str


class EntryRow(SQLModel, table=True):
    """A line of the journal; only ever appended."""

    __tablename__: ClassVar[str] = "billing_entries"
    id: int = key_column()
    billing_id: int = big_column(index=True)
    kind: str
    amount_nanos: int = big_column()
    cost_after_nanos: int = big_column()
    source: str
    posted_at: datetime = moment_column()


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
    id: int = key_column()
    record_type: str
    record_id: str
    cluster_id: int = big_column(index=True)
    session_id: str
    call_control_id: str
    leg_id: str
    started_at: datetime = moment_column()
    ended_at: datetime = moment_column()
    open_at: datetime = moment_column()
    changed_at: datetime = moment_column()
    is_settled: bool
    missing: Any = json_column("missing")
    unclosed: Any = json_column("unclosed")
    unreadable: Any = json_column("unreadable")


calls = table_of(CallRow)
billing = table_of(BillingRow)
billing_parts = table_of(PartRow)
billing_entries = table_of(EntryRow)
open_items = table_of(OpenItemRow)
