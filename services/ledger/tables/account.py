"""What Telnyx told of the account as a whole, and from where each day of records is booked."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from services.ledger.tables.columns import big_column, key_column, moment_column, table_of

_BALANCES = ("currency", "balance_nanos", "pending_nanos", "credit_limit_nanos", "available_credit_nanos")
_CHARGES = (
    *("currency", "new_monthly_nanos", "existing_monthly_nanos", "new_one_time_nanos", "credits_nanos"),
    *("ledger_adjustments_nanos", "other_nanos", "grand_total_nanos"),
)


class BalanceSnapshotRow(SQLModel, table=True):
    """What the balance was at one moment."""

    __tablename__: ClassVar[str] = "balance_snapshots"
    __table_args__ = (UniqueConstraint("read_at", *_BALANCES),)
    id: int = key_column()
    read_at: datetime = moment_column()
    currency: str
    balance_nanos: int = big_column()
    pending_nanos: int = big_column()
    credit_limit_nanos: int = big_column()
    available_credit_nanos: int = big_column()


class AccountChargesRow(SQLModel, table=True):
    """One answer of charges_summary about one UTC day."""

    __tablename__: ClassVar[str] = "account_charges"
    __table_args__ = (UniqueConstraint("day", "read_at", *_CHARGES),)
    id: int = key_column()
    day: date
    read_at: datetime = moment_column()
    currency: str
    new_monthly_nanos: int = big_column()
    existing_monthly_nanos: int = big_column()
    new_one_time_nanos: int = big_column()
    credits_nanos: int = big_column()
    ledger_adjustments_nanos: int = big_column()
    other_nanos: int = big_column()
    grand_total_nanos: int = big_column()


class DaySourceRow(SQLModel, table=True):
    """From where the records of one type and UTC day are booked. The first claim stands."""

    __tablename__: ClassVar[str] = "day_sources"
    __table_args__ = (Index("ix_day_sources_day", "day"),)
    record_type: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    source: str
    claimed_at: datetime = moment_column()


balance_snapshots = table_of(BalanceSnapshotRow)
account_charges = table_of(AccountChargesRow)
day_sources = table_of(DaySourceRow)
