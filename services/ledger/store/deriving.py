"""Deriving clusters again and posting what changed: load → decide → append, inside the caller's transaction."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from services.ledger import tables
from services.ledger.charges import Derived
from services.ledger.derive import derive
from services.ledger.facts import Facts, Rules
from services.ledger.store.booked_state import load_booked
from services.ledger.store.derived_state import (
    write_calls,
    write_first_rates,
    write_open_items,
    write_records,
)
from services.ledger.store.loaded_facts import LoadedCluster, load_clusters, windows_for
from services.ledger.store.posting import post_charges
from services.ledger.store.rollups import RollupDeltas
from services.ledger.store.sweep_marks import mark_outdated_sweeps


def rederive(connection: Connection, cluster_ids: Iterable[int], rules: Rules, now: datetime) -> None:
    """Bring everything that is derived from these clusters up to date. The clusters must be locked."""
    ids = sorted(set(cluster_ids))
    if not ids:
        return
    loaded = load_clusters(connection, ids)
    derived = _derive_all(connection, loaded, rules)
    booked = load_booked(connection, ids)
    deltas = RollupDeltas()
    settled = post_charges(connection, derived, booked, deltas, now)
    write_calls(connection, derived, booked, rules, now)
    write_first_rates(connection, derived)
    write_open_items(connection, derived, booked, settled, now)
    moved = write_records(connection, loaded, derived, booked, deltas, rules)
    mark_outdated_sweeps(connection, moved)
    deltas.write(connection)


def derive_clusters(connection: Connection, cluster_ids: Iterable[int], rules: Rules) -> dict[int, Derived]:
    """What the facts of these clusters come to now; nothing is written."""
    return _derive_all(connection, load_clusters(connection, cluster_ids), rules)


def _derive_all(connection: Connection, loaded: dict[int, LoadedCluster], rules: Rules) -> dict[int, Derived]:
    """Derive every cluster, and once more with windows those for which a sweep could close something."""
    taken = _taken_call_ids(connection, loaded)
    facts = {
        cluster_id: replace(cluster.facts, taken_call_ids=taken.get(cluster_id, frozenset()))
        for cluster_id, cluster in loaded.items()
    }
    derived = {cluster_id: derive(found, rules) for cluster_id, found in facts.items()}
    items = [item for found in derived.values() for item in found.open_items]
    closing = windows_for(connection, items, rules.settle_horizon)
    if closing is None:
        return derived
    for cluster_id, found in derived.items():
        if any(item.unclosed for item in found.open_items):
            with_windows = replace(
                facts[cluster_id], windows=closing.windows, unused_days=closing.unused_days
            )
            derived[cluster_id] = derive(with_windows, rules)
    return derived


def _taken_call_ids(connection: Connection, loaded: dict[int, LoadedCluster]) -> dict[int, frozenset[str]]:
    """SIP Call-IDs recur: where one already names a leg of another cluster, it cannot name one here too."""
    wanting = {
        cluster_id: sip_call_ids
        for cluster_id, cluster in loaded.items()
        if (sip_call_ids := _sip_only(cluster.facts))
    }
    if not wanting:
        return {}
    names = {name for sip_call_ids in wanting.values() for name in sip_call_ids}
    query = select(tables.calls.c.telnyx_call_id, tables.calls.c.cluster_id)
    holder = dict(connection.execute(query.where(tables.calls.c.telnyx_call_id.in_(names))).tuples().all())
    taken: dict[int, frozenset[str]] = {}
    for cluster_id in sorted(wanting):
        taken[cluster_id] = frozenset(
            n for n in wanting[cluster_id] if holder.get(n, cluster_id) != cluster_id
        )
        for name in wanting[cluster_id]:
            holder.setdefault(name, cluster_id)
    return taken


def _sip_only(facts: Facts) -> set[str]:
    return {
        record.sip_call_id
        for record in facts.records
        if record.sip_call_id and not record.call_control_id and not record.leg_id
    }
