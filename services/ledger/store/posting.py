"""Bringing the book's charges to what derivation says, and appending the differences to the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, delete

from services.common.statements import Values, insert_rows, new_ids, update_by_id
from services.ledger import tables
from services.ledger.charges import Charge, Derived
from services.ledger.journal import Booked, Entry, post, post_away
from services.ledger.store.booked_state import BookedState
from services.ledger.store.changes import Change, differs, updates
from services.ledger.store.derived_rows import charge_row, part_rows
from services.ledger.store.rollups import RollupDeltas


@dataclass(frozen=True, slots=True)
class ChargeWrite:
    """A charge's row to insert (`row` None) or update, with the entries that go with it.

    `lines` are its parts, None where they are as they were.
    """

    row: Any
    values: Values
    entries: tuple[Entry, ...]
    entry_source: str
    lines: list[Values] | None

    @property
    def columns(self) -> list[str]:
        """What of a known charge is not as it should be."""
        return self.change.columns + ([] if self.lines is None else ["parts"])

    @property
    def change(self) -> Change:
        """What becomes of the row itself."""
        return Change(self.row, self.values)


@dataclass(frozen=True, slots=True)
class Postings:
    """The charges to write, and the (kind, record_id) of all that are settled then."""

    writes: list[ChargeWrite]
    settled: set[tuple[str, str]]

    @property
    def entry_count(self) -> int:
        """How many entries this appends to the journal."""
        return sum(len(write.entries) for write in self.writes)


def postings(derived: Mapping[int, Derived], booked: BookedState, now: datetime) -> Postings:
    """What brings the booked charges to those that each cluster derives to."""
    writes: list[ChargeWrite] = []
    settled: set[tuple[str, str]] = set()
    derived_keys: set[tuple[str, str, str]] = set()
    for cluster_id, found in derived.items():
        for charge in found.charges:
            derived_keys.add(charge.key)
            row = booked.charges.get(charge.key)
            write = _post_one(charge, cluster_id, row, booked, now)
            if write.values["settled_at"] is not None:
                settled.add((charge.kind, charge.record_id))
            if row is None or differs(row, write.values) or write.entries or write.lines is not None:
                writes.append(write)
    for key, row in booked.charges.items():
        if key not in derived_keys and row.merged_into is None:
            former = booked.at_home[(row.record_type, row.record_id)]
            home = derived[row.cluster_id].home_of(row.record_type, row.record_id, former)
            writes.append(_move_away(row, home))
    return Postings(writes, settled)


def _post_one(charge: Charge, cluster_id: int, row: Any, booked: BookedState, now: datetime) -> ChargeWrite:
    before = Booked(cost_nanos=row.cost_nanos, settled_at=row.settled_at) if row is not None else None
    posting = post(before, charge.cost_nanos, charge.can_settle, now)
    values = charge_row(charge, cluster_id, posting.after)
    lines = part_rows(charge)
    are_known = row is not None and _are_same(booked.lines[row.id], lines)
    return ChargeWrite(row, values, posting.entries, charge.source, None if are_known else lines)


def _move_away(row: Any, home: str) -> ChargeWrite:
    posting = post_away(Booked(cost_nanos=row.cost_nanos, settled_at=row.settled_at))
    values = {name: value for name, value in row._mapping.items() if name not in _NOT_DERIVED}
    values |= {"cost_nanos": 0, "merged_into": home}
    return ChargeWrite(row, values, posting.entries, row.source, [])


_NOT_DERIVED = frozenset({"id", "created_at", "updated_at"})


def _are_same(rows: Sequence[Any], lines: Sequence[Values]) -> bool:
    return len(rows) == len(lines) and not any(map(differs, rows, lines))


def post_charges(
    connection: Connection,
    writes: Sequence[ChargeWrite],
    booked: BookedState,
    deltas: RollupDeltas,
    now: datetime,
) -> None:
    """Write the charges with their parts and append their entries."""
    for write in writes:
        _count(deltas, write, booked)
    new = [write for write in writes if write.row is None]
    old = [write for write in writes if write.row is not None]
    ids = new_ids(connection, tables.billing, len(new))
    stamped = [
        {"id": row_id, **write.values, "created_at": now, "updated_at": now}
        for row_id, write in zip(ids, new, strict=True)
    ]
    insert_rows(connection, tables.billing, stamped)
    update_by_id(connection, tables.billing, updates([write.change for write in old], {"updated_at": now}))
    numbered = [*zip(ids, new, strict=True), *((write.row.id, write) for write in old)]
    _replace_lines(connection, numbered)
    entries = [_entry_row(row_id, entry, write, now) for row_id, write in numbered for entry in write.entries]
    insert_rows(connection, tables.billing_entries, entries)


def _count(deltas: RollupDeltas, write: ChargeWrite, booked: BookedState) -> None:
    before: Sequence[Any] = booked.lines[write.row.id] if write.row is not None else ()
    after = before if write.lines is None else [SimpleNamespace(**line) for line in write.lines]
    if write.row is not None:
        deltas.count_charge(write.row, before, -1)
    deltas.count_charge(SimpleNamespace(**write.values), after, +1)


def _replace_lines(connection: Connection, numbered: Sequence[tuple[int, ChargeWrite]]) -> None:
    table = tables.billing_parts
    stale = [row_id for row_id, write in numbered if write.row is not None and write.lines is not None]
    if stale:
        connection.execute(delete(table).where(table.c.billing_id.in_(stale)))
    lines = [{"billing_id": row_id, **line} for row_id, write in numbered for line in write.lines or ()]
    insert_rows(connection, table, lines)


def _entry_row(billing_id: int, entry: Entry, write: ChargeWrite, now: datetime) -> Values:
    return {
        "billing_id": billing_id,
        "kind": entry.kind,
        "amount_nanos": entry.amount_nanos,
        "cost_after_nanos": entry.cost_after_nanos,
        "source": write.entry_source,
        "posted_at": now,
    }
