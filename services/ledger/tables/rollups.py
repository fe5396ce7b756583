"""Sums that are kept in the transaction that changes what they sum. `slot` spreads concurrent writers."""

from datetime import date
from typing import ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from services.ledger.tables.columns import big_column, table_of


class _ChargeSums(SQLModel):
    """What is summed of charges: of all, and of those that are exact."""

    cost_nanos: int = Field(sa_type=BigInteger)
    exact_nanos: int = Field(sa_type=BigInteger)
    charge_count: int = Field(sa_type=BigInteger)
    exact_count: int = Field(sa_type=BigInteger)


class NumberRollup(_ChargeSums, table=True):
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


class PartRollup(_ChargeSums, table=True):
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


class DayRollup(_ChargeSums, table=True):
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


class RecordRollup(SQLModel, table=True):
    """Sums of detail records per type and day of their own time field, to hold against usage_reports.

    Of `record_count` records `unreadable_count` have an amount that cannot be read; they add 0 to `cost_nanos`.
    """

    __tablename__: ClassVar[str] = "record_rollups"
    __table_args__ = (Index("ix_record_rollups_day", "day"),)
    record_type: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    cost_nanos: int = big_column()
    record_count: int = big_column()
    unreadable_count: int = big_column()


number_rollups = table_of(NumberRollup)
part_rollups = table_of(PartRollup)
day_rollups = table_of(DayRollup)
record_rollups = table_of(RecordRollup)
