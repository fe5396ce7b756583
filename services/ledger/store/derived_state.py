"""The derived rows that are no money: legs, records with their homes, open items, first rates."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, delete

from services.common.statements import Values, insert_rows, update_by_id
from services.ledger import tables
from services.ledger.charges import Derived
from services.ledger.facts import Rules
from services.ledger.store.booked_state import BookedState
from services.ledger.store.changes import Change, differs, insertions, updates
from services.ledger.store.derived_rows import call_row, open_item_row, record_rows
from services.ledger.store.loaded_facts import LoadedCluster
from services.ledger.store.rollups import RollupDeltas
from services.ledger.store.sweep_marks import Place


def call_changes(derived: Mapping[int, Derived], booked: BookedState, rules: Rules) -> list[Change]:
    """One row per leg; a leg that was merged into another keeps its row, with 0 and the other's name."""
    wanted = {
        leg.call_id: call_row(leg, cluster_id, rules.account_currency)
        for cluster_id, found in derived.items()
        for leg in found.legs
    }
    changes = _changes(booked.calls, wanted)
    for call_id, row in booked.calls.items():
        if call_id not in wanted and row.merged_into is None:
            heir = derived[row.cluster_id].home_of("call", call_id, booked.at_home[("call", call_id)])
            changes.append(Change(row, {"cost_nanos": 0, "merged_into": heir}))
    return changes


def write_calls(connection: Connection, changes: list[Change], now: datetime) -> None:
    """Bring the legs up to date."""
    insert_rows(connection, tables.calls, insertions(changes, {"created_at": now, "updated_at": now}))
    update_by_id(connection, tables.calls, updates(changes, {"updated_at": now}))


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


def record_changes(
    loaded: Mapping[int, LoadedCluster], derived: Mapping[int, Derived], booked: BookedState, rules: Rules
) -> list[Change]:
    """One row per detail record. None ever goes."""
    wanted = {
        (values["record_type"], values["record_id"]): values
        for cluster_id, found in derived.items()
        for values in record_rows(loaded[cluster_id], found, cluster_id, rules.account_currency)
    }
    return _changes(booked.records, wanted)


def write_records(connection: Connection, changes: list[Change], deltas: RollupDeltas) -> None:
    """Bring the records up to date."""
    for change in changes:
        if change.row is not None:
            deltas.count_record(change.row, -1)
        deltas.count_record(SimpleNamespace(**change.values or {}), +1)
    insert_rows(connection, tables.detail_records, insertions(changes, {}))
    update_by_id(connection, tables.detail_records, updates(changes, {}))


def open_item_changes(
    derived: Mapping[int, Derived], booked: BookedState, settled: set[tuple[str, str]]
) -> list[Change]:
    """The work list: what still waits for something, and nothing else."""
    wanted = {
        (item.kind, item.record_id): open_item_row(item, cluster_id, (item.kind, item.record_id) in settled)
        for cluster_id, found in derived.items()
        for item in found.open_items
    }
    gone = [Change(row, None) for key, row in booked.open_items.items() if key not in wanted]
    return gone + _changes(booked.open_items, wanted)


def write_open_items(connection: Connection, changes: list[Change], now: datetime) -> None:
    """Bring the work list up to date."""
    _delete_rows(connection, [change.row.id for change in changes if change.values is None])
    stamped = [
        Change(change.row, _stamped(change.values, now)) for change in changes if change.values is not None
    ]
    insert_rows(connection, tables.open_items, insertions(stamped, {}))
    update_by_id(connection, tables.open_items, updates(stamped, {}))


def _stamped(values: Values, now: datetime) -> Values:
    """What is not open yet counts as changed when it becomes open: whoever asks what is new must see it then."""
    return {**values, "changed_at": max(now, values["open_at"])}


def first_rates(derived: Mapping[int, Derived]) -> list[Values]:
    """The rates to be fixed: of every leg that is estimated for the first time."""
    return [
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


def _changes(booked: Mapping[Any, Any], wanted: Mapping[Any, Values]) -> list[Change]:
    """What is to be inserted or changed, so that what is wanted is there."""
    return [
        Change(booked.get(key), values)
        for key, values in wanted.items()
        if key not in booked or differs(booked[key], values)
    ]


def _delete_rows(connection: Connection, ids: Iterable[int]) -> None:
    doomed = list(ids)
    if doomed:
        table = tables.open_items
        connection.execute(delete(table).where(table.c.id.in_(doomed)))
