"""Reading the journal as it grows, each entry once, also where entries become visible out of the order of their ids.

On PostgreSQL an entry gets its id when it is written and can be read when its transaction commits, so that a smaller id
can turn up after a greater one; ids of transactions that failed never turn up. How long to wait for a missing id is no
question of time: who wrote it held the book's lock while it got it, before the greatest id was read. Once all who held
the lock at a moment after that have let it go, every id up to that greatest one can be read, or never will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select

from services.common.errors import Unavailable
from services.common.statements import has_many_writers
from services.ledger import tables
from services.ledger.store.book_lock import writers_at_work

LOOK_LIMIT = 2_000
"""Entries that one look takes in; what is left is there for the next."""

_MAX_AHEAD = 50_000
"""Entries that are remembered while some writer does not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """How far the journal has been read.

    `final_id`: every entry up to it was told, and no other will turn up there. `ahead`: the entries beyond it that were
    told. `next_id` becomes final once all of `awaited` have ended; None: who is to be awaited is not yet known.
    """

    final_id: int
    next_id: int
    ahead: frozenset[int] = frozenset()
    awaited: frozenset[str] | None = None

    @property
    def is_settled(self) -> bool:
        """Everything that could be read is final."""
        return self.final_id == self.next_id


def last_entry_id(connection: Connection) -> int:
    """The greatest id that can be read; 0 in an empty book."""
    last: int | None = connection.execute(select(func.max(tables.billing_entries.c.id))).scalar()
    return last or 0


def begin(connection: Connection) -> Tail:
    """Where the journal ends now; to be proven before it is looked at."""
    return Tail(final_id=0, next_id=last_entry_id(connection))


def prove(connection: Connection, tail: Tail) -> Tail:
    """The same tail, settled once nobody is at work any more who was so when it began."""
    at_work = writers_at_work(connection)
    awaited = at_work if tail.awaited is None else tail.awaited & at_work
    return replace(tail, final_id=tail.final_id if awaited else tail.next_id, awaited=awaited)


def look(connection: Connection, tail: Tail) -> tuple[Tail, list[int]]:
    """(the tail now, the ids of the charges whose entries have turned up since).

    Raises Unavailable when a writer has not ended for so long that too much would have to be remembered.
    """
    changed: dict[int, None] = {}
    # Twice, for as a rule nobody who was at work at the first look still is: then all that it read is final.
    for _ in range(2):
        tail, billing_ids = _look_once(connection, tail)
        changed |= dict.fromkeys(billing_ids)
        if tail.is_settled:
            break
    return tail, list(changed)


def _look_once(connection: Connection, tail: Tail) -> tuple[Tail, list[int]]:
    # First who is at work, then the entries: whoever has ended in between can be read (each statement sees what is
    # committed by then, also within one transaction).
    at_work = writers_at_work(connection)
    limit = LOOK_LIMIT + len(tail.ahead)
    rows = entries_after(connection, tail.final_id, limit)
    new = [row for row in rows if row.id not in tail.ahead]
    ahead = tail.ahead | {row.id for row in new}
    if len(ahead) > _MAX_AHEAD:
        raise Unavailable(
            "a writer of the ledger has been at work for too long to follow the journal; try again"
        )
    # Of what lies beyond the limit nothing is known yet, whatever was told before.
    last_id = rows[-1].id if len(rows) == limit else max(ahead, default=tail.final_id)
    return _settled(tail, ahead, last_id, at_work, has_many_writers(connection)), [
        row.billing_id for row in new
    ]


def _settled(
    tail: Tail, ahead: frozenset[int], last_id: int, at_work: frozenset[str], has_many_writers: bool
) -> Tail:
    """The tail after everything up to `last_id` was told, with as much of it final as can be."""
    if not has_many_writers:
        return Tail(final_id=last_id, next_id=last_id)
    awaited = at_work if tail.awaited is None else tail.awaited & at_work
    if not tail.is_settled and (awaited or last_id < tail.next_id):
        return replace(tail, ahead=ahead, awaited=awaited)
    final_id = tail.next_id
    return Tail(
        final_id=final_id,
        next_id=last_id,
        ahead=frozenset(entry_id for entry_id in ahead if entry_id > final_id),
    )


def entries_after(connection: Connection, entry_id: int, limit: int) -> Sequence[Any]:
    """(id, billing_id) of the entries behind a position, in the order of their ids."""
    table = tables.billing_entries
    query = select(table.c.id, table.c.billing_id).where(table.c.id > entry_id).order_by(table.c.id)
    return connection.execute(query.limit(limit)).all()


def load_charges(connection: Connection, billing_ids: Sequence[int]) -> Sequence[Any]:
    """Rows of telnyx_billing as they are now, in the order of the ids."""
    rows = connection.execute(select(tables.billing).where(tables.billing.c.id.in_(billing_ids)))
    by_id = {row.id: row for row in rows}
    return [by_id[billing_id] for billing_id in billing_ids]
