"""Deriving clusters again and posting what changed: load → decide → append, inside the caller's transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from services.ledger.charges import Derived
from services.ledger.derive import derive
from services.ledger.facts import Rules
from services.ledger.store.booked_state import load_booked
from services.ledger.store.derived_state import (
    moved_places,
    write_calls,
    write_first_rates,
    write_open_items,
    write_records,
)
from services.ledger.store.loaded_facts import LoadedCluster, load_clusters
from services.ledger.store.loaded_windows import windows_for
from services.ledger.store.posting import post_charges
from services.ledger.store.rollups import RollupDeltas
from services.ledger.store.sweep_marks import mark_outdated


def rederive(connection: Connection, cluster_ids: Iterable[int], rules: Rules, now: datetime) -> None:
    """Bring everything that is derived from these clusters up to date. The clusters must be locked."""
    ids = sorted(set(cluster_ids))
    if not ids:
        return
    loaded = load_clusters(connection, ids)
    booked = load_booked(connection, ids)
    # First: a window that no longer holds what it held must not close anything here.
    mark_outdated(connection, moved_places(loaded, booked))
    derived = derive_clusters(connection, loaded, rules)
    deltas = RollupDeltas()
    settled = post_charges(connection, derived, booked, deltas, now)
    write_calls(connection, derived, booked, rules, now)
    write_first_rates(connection, derived)
    write_open_items(connection, derived, booked, settled, now)
    write_records(connection, loaded, derived, booked, deltas, rules)
    deltas.write(connection)


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
