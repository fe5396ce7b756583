"""Bringing the book's derived rows to what derivation says, and appending the differences to the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, delete

from services.ledger import tables
from services.ledger.charges import Charge, Derived
from services.ledger.journal import Booked, Entry, post, post_away
from services.ledger.store.booked_state import BookedState
from services.ledger.store.derived_rows import charge_row, part_rows
from services.ledger.store.rollups import RollupDeltas
from services.ledger.store.statements import Values, insert_returning_ids, insert_rows, update_by_id


@dataclass(frozen=True, slots=True)
class _Write:
    """A charge's row to insert (`row_id` None) or update, with the entries that go with it.

    `lines` are its parts, None where they are as they were.
    """

    row_id: int | None
    values: Values
    entries: tuple[Entry, ...]
    entry_source: str
    lines: list[Values] | None


def post_charges(
    connection: Connection,
    derived: Mapping[int, Derived],
    booked: BookedState,
    deltas: RollupDeltas,
    now: datetime,
) -> set[tuple[str, str]]:
    """Post the charges that each cluster derives to. Returns the (kind, record_id) of all that are settled now."""
    writes: list[_Write] = []
    settled: set[tuple[str, str]] = set()
    derived_keys: set[tuple[str, str, str]] = set()
    for cluster_id, found in derived.items():
        for charge in found.charges:
            derived_keys.add(charge.key)
            row = booked.charges.get(charge.key)
            write = _post_one(charge, cluster_id, row, booked, now)
            if write.values["settled_at"] is not None:
                settled.add((charge.kind, charge.record_id))
            if _differs(row, write.values) or write.entries or write.lines is not None:
                _count(deltas, row, write, booked)
                writes.append(write)
    for key, row in booked.charges.items():
        if key not in derived_keys and row.merged_into is None:
            former = booked.at_home[(row.record_type, row.record_id)]
            home = derived[row.cluster_id].home_of(row.record_type, row.record_id, former)
            write = _move_away(row, home)
            _count(deltas, row, write, booked)
            writes.append(write)
    _write(connection, writes, now)
    return settled


def _post_one(charge: Charge, cluster_id: int, row: Any, booked: BookedState, now: datetime) -> _Write:
    before = Booked(cost_nanos=row.cost_nanos, settled_at=row.settled_at) if row is not None else None
    posting = post(before, charge.cost_nanos, charge.can_settle, now)
    values = charge_row(charge, cluster_id, posting.after)
    lines = part_rows(charge)
    if row is None:
        return _Write(None, values, posting.entries, charge.source, lines)
    are_known = _are_same(booked.lines[row.id], lines)
    return _Write(row.id, values, posting.entries, charge.source, None if are_known else lines)


def _move_away(row: Any, home: str) -> _Write:
    posting = post_away(Booked(cost_nanos=row.cost_nanos, settled_at=row.settled_at))
    values = {name: value for name, value in row._mapping.items() if name not in _NOT_WRITTEN}
    values |= {"cost_nanos": 0, "merged_into": home}
    return _Write(row.id, values, posting.entries, row.source, [])


_NOT_WRITTEN = frozenset({"id", "cost", "created_at", "updated_at"})


def _differs(row: Any, values: Values) -> bool:
    return row is None or any(row._mapping[name] != value for name, value in values.items())


def _are_same(rows: Sequence[Any], lines: Sequence[Values]) -> bool:
    return len(rows) == len(lines) and not any(map(_differs, rows, lines))


def _count(deltas: RollupDeltas, row: Any, write: _Write, booked: BookedState) -> None:
    before: Sequence[Any] = booked.lines[row.id] if row is not None else ()
    after = before if write.lines is None else [SimpleNamespace(**line) for line in write.lines]
    if row is not None:
        deltas.count_charge(row, before, -1)
    deltas.count_charge(SimpleNamespace(**write.values), after, +1)


def _write(connection: Connection, writes: list[_Write], now: datetime) -> None:
    new = [write for write in writes if write.row_id is None]
    old = [write for write in writes if write.row_id is not None]
    stamped = [{**write.values, "created_at": now, "updated_at": now} for write in new]
    ids = insert_returning_ids(connection, tables.billing, stamped, ("record_type", "record_id", "currency"))
    update_by_id(
        connection, tables.billing, [{"id": write.row_id, **write.values, "updated_at": now} for write in old]
    )
    numbered = [*zip(ids, new, strict=True), *((write.row_id, write) for write in old)]
    _replace_lines(connection, numbered)
    entries = [_entry_row(row_id, entry, write, now) for row_id, write in numbered for entry in write.entries]
    insert_rows(connection, tables.billing_entries, entries)


def _replace_lines(connection: Connection, numbered: Sequence[tuple[int | None, _Write]]) -> None:
    table = tables.billing_parts
    stale = [write.row_id for _, write in numbered if write.row_id is not None and write.lines is not None]
    if stale:
        connection.execute(delete(table).where(table.c.billing_id.in_(stale)))
    lines = [{"billing_id": row_id, **line} for row_id, write in numbered for line in write.lines or ()]
    insert_rows(connection, table, lines)


def _entry_row(billing_id: int | None, entry: Entry, write: _Write, now: datetime) -> Values:
    return {
        "billing_id": billing_id,
        "kind": entry.kind,
        "amount_nanos": entry.amount_nanos,
        "cost_after_nanos": entry.cost_after_nanos,
        "source": write.entry_source,
        "posted_at": now,
    }
