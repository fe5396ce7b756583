"""The journal, sealed."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from services.ledger.tables.columns import big_column, bytes_column, moment_column, table_of


class BlockRow(SQLModel, table=True):
    """A block of entries (services/ledger/chain.py); only ever appended. Of two that seal the same, one is first."""

    __tablename__: ClassVar[str] = "journal_blocks"
    number: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    previous_hash: bytes = bytes_column()
    merkle_root: bytes = bytes_column()
    entry_count: int = big_column()
    first_entry_id: int = big_column()
    last_entry_id: int = big_column()
    sealed_at: datetime = moment_column()
    hash: bytes = bytes_column()


journal_blocks = table_of(BlockRow)
