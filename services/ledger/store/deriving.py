"""Deriving clusters again and posting what changed: load → decide → append, inside the caller's transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection

from services.common.statements import Values, insert_rows
from services.ledger import tables
from services.ledger.charges import Derived
from services.ledger.derive import derive
from services.ledger.facts import Rules
from services.ledger.store.booked_state import BookedState, load_booked
from services.ledger.store.changes import Change
from services.ledger.store.derived_state import (
    call_changes,
    first_rates,
    moved_places,
    open_item_changes,
    record_changes,
    write_calls,
    write_open_items,
    write_records,
)
from services.ledger.store.loaded_facts import LoadedCluster, load_clusters
from services.ledger.store.loaded_windows import windows_for
from services.ledger.store.posting import Postings, post_charges, postings
from services.ledger.store.rollups import RollupDeltas
from services.ledger.store.sweep_marks import mark_outdated

NOTHING_NEW: Mapping[int, LoadedCluster] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """All that is not booked as it follows from the facts of some clusters."""

    charges: Postings
    calls: list[Change]
    rates: list[Values]
    open_items: list[Change]
    records: list[Change]


def rederive(
    connection: Connection,
    cluster_ids: Iterable[int],
    rules: Rules,
    now: datetime,
    new: Mapping[int, LoadedCluster] = NOTHING_NEW,
) -> int:
    """Bring everything that is derived from these clusters up to date; returns how many entries that made.

    The clusters must be locked. Of those that are `new` nothing is booked yet, and their facts are at hand.
    """
    ids = sorted(set(cluster_ids))
    if not ids:
        return 0
    known = [cluster_id for cluster_id in ids if cluster_id not in new]
    found_facts = {**new, **load_clusters(connection, known)}
    loaded = {cluster_id: found_facts[cluster_id] for cluster_id in ids}
    booked = load_booked(connection, known)
    # First: a window that no longer holds what it held must not close anything here.
    mark_outdated(connection, moved_places(loaded, booked))
    derived = derive_clusters(connection, loaded, rules)
    found = differences(loaded, derived, booked, rules, now)
    deltas = RollupDeltas()
    post_charges(connection, found.charges.writes, booked, deltas, now)
    write_calls(connection, found.calls, now)
    insert_rows(connection, tables.estimate_rates, found.rates)
    write_open_items(connection, found.open_items, now)
    write_records(connection, found.records, deltas)
    deltas.write(connection)
    return found.charges.entry_count


def differences(
    loaded: Mapping[int, LoadedCluster],
    derived: Mapping[int, Derived],
    booked: BookedState,
    rules: Rules,
    now: datetime,
) -> Differences:
    """What derivation says beside what is booked; nothing in a book that is up to date."""
    charges = postings(derived, booked, now)
    return Differences(
        charges=charges,
        calls=call_changes(derived, booked, rules),
        rates=first_rates(derived),
        open_items=open_item_changes(derived, booked, charges.settled),
        records=record_changes(loaded, derived, booked, rules),
    )


def derive_clusters(
    connection: Connection, loaded: Mapping[int, LoadedCluster], rules: Rules
) -> dict[int, Derived]:
    """What the facts of these clusters come to now; nothing is written.

    Those for which a sweep could close something are derived once more with its window.
    """
    derived = {cluster_id: derive(cluster.facts, rules) for cluster_id, cluster in loaded.items()}
    waiting = {cluster_id: found.open_items for cluster_id, found in derived.items() if found.open_items}
    closing = windows_for(connection, waiting, rules.settle_horizon) if waiting else {}
    for cluster_id, found in closing.items():
        facts = replace(loaded[cluster_id].facts, windows=found.windows, usage=found.usage)
        derived[cluster_id] = derive(facts, rules)
    return derived
