"""The chain's blocks in the store, and the entries that they seal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from services.ledger import tables
from services.ledger.chain import Block, SealedEntry

_BLOCKS = tables.journal_blocks
_ENTRIES = tables.billing_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the journal is sealed: the last block (None: nothing is), all sealed entries, and all that are not."""

    block: Block | None
    entry_count: int
    unsealed_count: int

    @property
    def text(self) -> str:
        """As it is kept elsewhere; empty while nothing is sealed."""
        return self.block.head if self.block else ""

    @property
    def sealed_at(self) -> datetime | None:
        """When the last block was sealed."""
        return self.block.sealed_at if self.block else None


def last_block(connection: Connection) -> Block | None:
    """The last block of the chain."""
    row = connection.execute(select(_BLOCKS).order_by(_BLOCKS.c.number.desc()).limit(1)).first()
    return None if row is None else _block(row)


def blocks_after(connection: Connection, number: int, last_number: int, limit: int) -> list[Block]:
    """The blocks behind one, up to another, in order."""
    query = select(_BLOCKS).where(_BLOCKS.c.number > number, _BLOCKS.c.number <= last_number)
    return [_block(row) for row in connection.execute(query.order_by(_BLOCKS.c.number).limit(limit))]


def add_block(connection: Connection, block: Block) -> None:
    """Append a block. Raises IntegrityError when there is one with its number."""
    connection.execute(insert(_BLOCKS), asdict(block))


def load_head(connection: Connection) -> Head:
    """Where the chain ends."""
    block = last_block(connection)
    sealed = connection.execute(select(func.sum(_BLOCKS.c.entry_count))).scalar()
    unsealed = select(func.count()).where(_ENTRIES.c.id > (block.last_entry_id if block else 0))
    return Head(
        block=block, entry_count=int(sealed or 0), unsealed_count=connection.execute(unsealed).scalar_one()
    )


def sealable_entries(connection: Connection, after_id: int, up_to_id: int, limit: int) -> list[SealedEntry]:
    """Entries between two ids, the second included, as they are sealed, in the order of their ids."""
    query = _sealed_entries().where(_ENTRIES.c.id > after_id, _ENTRIES.c.id <= up_to_id)
    return [_entry(row) for row in connection.execute(query.order_by(_ENTRIES.c.id).limit(limit))]


def _sealed_entries() -> Select[Any]:
    # Outer: an entry whose charge is gone must not go unseen.
    of_charge = _ENTRIES.outerjoin(tables.billing, tables.billing.c.id == _ENTRIES.c.billing_id)
    return select(
        _ENTRIES.c.id,
        func.coalesce(tables.billing.c.record_type, "").label("record_type"),
        func.coalesce(tables.billing.c.record_id, "").label("record_id"),
        func.coalesce(tables.billing.c.currency, "").label("currency"),
        _ENTRIES.c.kind,
        _ENTRIES.c.amount_nanos,
        _ENTRIES.c.cost_after_nanos,
        _ENTRIES.c.source,
        _ENTRIES.c.posted_at,
    ).select_from(of_charge)


def _entry(row: Sequence[Any]) -> SealedEntry:
    entry_id, record_type, record_id, currency, kind, amount, cost_after, source, posted_at = row
    return SealedEntry(
        entry_id=entry_id,
        record_type=record_type,
        record_id=record_id,
        currency=currency,
        kind=kind,
        amount_nanos=amount,
        cost_after_nanos=cost_after,
        source=source,
        posted_at=posted_at,
    )


def _block(row: Any) -> Block:
    return Block(
        number=row.number,
        previous_hash=bytes(row.previous_hash),
        merkle_root=bytes(row.merkle_root),
        entry_count=row.entry_count,
        first_entry_id=row.first_entry_id,
        last_entry_id=row.last_entry_id,
        sealed_at=row.sealed_at,
        hash=bytes(row.hash),
    )
