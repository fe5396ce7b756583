"""The derived rows that are no money: legs, records with their homes, open items, first rates."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Table, delete

from services.ledger import tables
from services.ledger.charges import Derived
from services.ledger.facts import Rules
from services.ledger.store.booked_state import BookedState
from services.ledger.store.derived_rows import call_row, open_item_row, record_rows
from services.ledger.store.loaded_facts import LoadedCluster
from services.ledger.store.rollups import RollupDeltas
from services.ledger.store.statements import Values, insert_rows, update_by_id
from services.ledger.store.sweep_marks import Place


def write_calls(
    connection: Connection, derived: Mapping[int, Derived], booked: BookedState, rules: Rules, now: datetime
) -> None:
    """One row per leg; a leg that was merged into another keeps its row, with 0 and the other's name."""
    wanted = {
        leg.call_id: call_row(leg, cluster_id, rules.account_currency)
        for cluster_id, found in derived.items()
        for leg in found.legs
    }
    gone = [row for call_id, row in booked.calls.items() if call_id not in wanted and row.merged_into is None]
    changed = [
        {"id": booked.calls[call_id].id, **values, "updated_at": now}
        for call_id, values in wanted.items()
        if call_id in booked.calls and _differs(booked.calls[call_id], values)
    ]
    new = [values for call_id, values in wanted.items() if call_id not in booked.calls]
    insert_rows(connection, tables.calls, [{**row, "created_at": now, "updated_at": now} for row in new])
    update_by_id(connection, tables.calls, changed)
    away = [
        {
            "id": row.id,
            "cost_nanos": 0,
            "merged_into": derived[row.cluster_id].home_of(
                "call", row.telnyx_call_id, booked.at_home[("call", row.telnyx_call_id)]
            ),
            "updated_at": now,
        }
        for row in gone
    ]
    update_by_id(connection, tables.calls, away)


def moved_places(loaded: Mapping[int, LoadedCluster], booked: BookedState) -> list[Place]:
    """Where records come into the book or have moved, as they are and as they were."""
    moved: list[Place] = []
    for cluster in loaded.values():
        for record in cluster.facts.records:
            key = (record.record_type, record.record_id)
            place = Place(record.record_type, record.record_time, cluster.first_observed_at[key])
            row = booked.records.get(key)
            before = None if row is None else Place(row.record_type, row.record_time, row.first_observed_at)
            if place != before:
                moved += [place] if before is None else [before, place]
    return moved


def write_records(
    connection: Connection,
    loaded: Mapping[int, LoadedCluster],
    derived: Mapping[int, Derived],
    booked: BookedState,
    deltas: RollupDeltas,
    rules: Rules,
) -> None:
    """One row per detail record."""
    new: list[Values] = []
    changed: list[Values] = []
    for cluster_id, found in derived.items():
        for values in record_rows(loaded[cluster_id], found, cluster_id, rules.account_currency):
            row = booked.records.get((values["record_type"], values["record_id"]))
            if row is not None and not _differs(row, values):
                continue
            if row is None:
                new.append(values)
            else:
                changed.append({"id": row.id, **values})
                deltas.count_record(row, -1)
            deltas.count_record(SimpleNamespace(**values), +1)
    insert_rows(connection, tables.detail_records, new)
    update_by_id(connection, tables.detail_records, changed)


def write_open_items(
    connection: Connection,
    derived: Mapping[int, Derived],
    booked: BookedState,
    settled: set[tuple[str, str]],
    now: datetime,
) -> None:
    """The work list: what still waits for something, and nothing else."""
    wanted = {
        (item.kind, item.record_id): open_item_row(item, cluster_id, (item.kind, item.record_id) in settled)
        for cluster_id, found in derived.items()
        for item in found.open_items
    }
    _delete(
        connection, tables.open_items, [row.id for key, row in booked.open_items.items() if key not in wanted]
    )
    new = [_stamped(values, now) for key, values in wanted.items() if key not in booked.open_items]
    insert_rows(connection, tables.open_items, new)
    changed = [
        {"id": booked.open_items[key].id, **_stamped(values, now)}
        for key, values in wanted.items()
        if key in booked.open_items and _differs(booked.open_items[key], values)
    ]
    update_by_id(connection, tables.open_items, changed)


def _stamped(values: Values, now: datetime) -> Values:
    """What is not open yet counts as changed when it becomes open: whoever asks what is new must see it then."""
    return {**values, "changed_at": max(now, values["open_at"])}


def write_first_rates(connection: Connection, derived: Mapping[int, Derived]) -> None:
    """Fix the rate of every leg that is estimated for the first time."""
    rows = [
        {
            "call_id": rate.call_id,
            "cluster_id": cluster_id,
            "nanos_per_minute": rate.nanos_per_minute,
            "source": rate.source,
            "booked_at": rate.booked_at,
        }
        for cluster_id, found in derived.items()
        for rate in found.first_rates
    ]
    insert_rows(connection, tables.estimate_rates, rows)


def _delete(connection: Connection, table: Table, ids: Iterable[int]) -> None:
    doomed = list(ids)
    if doomed:
        connection.execute(delete(table).where(table.c.id.in_(doomed)))


def _differs(row: Any, values: Values) -> bool:
    return any(row._mapping[name] != value for name, value in values.items())
