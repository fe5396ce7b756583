"""Columns as the ledger's tables have them, and the way from a model to its table."""

from typing import Any

from sqlalchemy import BigInteger, Column, Computed, LargeBinary, Numeric, Table
from sqlmodel import Field, SQLModel

from services.common.columns import BigKey, JsonColumn, UtcDateTime


def key_column() -> Any:
    """A row's own number."""
    return Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))


def moment_column(*, nullable: bool = False, index: bool = False) -> Any:
    """A moment, in UTC and to the microsecond."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def big_column(*, nullable: bool = False, index: bool = False) -> Any:
    """A whole number of 64 bits, such as nanos."""
    return Field(default=None, sa_column=Column(BigInteger, nullable=nullable, index=index))


def bytes_column(*, nullable: bool = False) -> Any:
    """Bytes as they are."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


def json_column(name: str, *, nullable: bool = False) -> Any:
    """JSON that SQL can look into, under a name of its own."""
    return Field(default=None, sa_column=Column(name, JsonColumn, nullable=nullable))


def cost_column() -> Any:
    """`cost_nanos` as a decimal, kept by the database itself. Nine decimals in the divisor keep PostgreSQL exact."""
    generated = Computed("cost_nanos / 1000000000.000000000", persisted=True)
    return Field(default=None, sa_column=Column("cost", Numeric(28, 9), generated))


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model, for statements without the ORM."""
    table: Table = getattr(model, "__table__")  # noqa: B009 - SQLModel declares no such attribute to mypy
    return table
