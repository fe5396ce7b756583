"""Recomputing charges from their facts: a derivation that writes nothing, and tells what it would have written."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.common.money import plain_decimal
from services.ledger.facts import Rules
from services.ledger.findings import Finding
from services.ledger.store.booked_state import load_booked
from services.ledger.store.changes import Change
from services.ledger.store.deriving import Differences, derive_clusters, differences
from services.ledger.store.fact_proof import prove_facts
from services.ledger.store.journal_proof import Told, charge_finding, journal_faults, merge_faults
from services.ledger.store.loaded_facts import load_clusters
from services.ledger.store.posting import ChargeWrite


@dataclass(frozen=True, slots=True)
class ProvenPage:
    """Some clusters: how many charges they have, and what is wrong with each of them."""

    charge_count: int
    findings: Mapping[int, list[Finding]]


def prove_clusters(
    connection: Connection, cluster_ids: Sequence[int], rules: Rules, now: datetime
) -> ProvenPage:
    """Derive clusters and hold the book against it. The connection must see one moment.

    Where the facts themselves are spoilt nothing is derived from them.
    """
    found: dict[int, list[Finding]] = defaultdict(list)
    for cluster_id, finding in prove_facts(connection, cluster_ids):
        found[cluster_id].append(finding)
    sound = [cluster_id for cluster_id in cluster_ids if cluster_id not in found]
    loaded = load_clusters(connection, sound)
    booked = load_booked(connection, sound)
    derived = derive_clusters(connection, loaded, rules)
    for cluster_id, finding in (
        *_different(differences(loaded, derived, booked, rules, now)),
        *journal_faults(connection, booked),
        *merge_faults(booked),
    ):
        found[cluster_id].append(finding)
    return ProvenPage(len(booked.charges), found)


def _different(found: Differences) -> Told:
    for write in found.charges.writes:
        subject = f"{write.values['record_type']} {write.values['record_id']}"
        yield write.values["cluster_id"], charge_finding(subject, _charge_message(write))
    for rate in found.rates:
        yield (
            rate["cluster_id"],
            charge_finding(f"call {rate['call_id']}", "the rate of its estimate is not kept"),
        )
    for name, changes, id_columns in (
        ("leg", found.calls, ("telnyx_call_id",)),
        ("open item", found.open_items, ("record_type", "record_id")),
        ("record", found.records, ("record_type", "record_id")),
    ):
        for change in changes:
            subject = " ".join((name, *(change.told[column] for column in id_columns)))
            yield change.told["cluster_id"], charge_finding(subject, _change_message(change))


def _charge_message(write: ChargeWrite) -> str:
    currency, cost = write.values["currency"], plain_decimal(write.values["cost_nanos"])
    if write.row is None:
        return f"it is not booked, and the facts come to {cost} {currency}"
    if write.values["merged_into"] is not None:
        return "it is booked, and the facts know nothing of it"
    if write.values["cost_nanos"] != write.row.cost_nanos:
        return f"it is booked with {plain_decimal(write.row.cost_nanos)} {currency}, and the facts come to {cost}"
    if write.values["settled_at"] != write.row.settled_at:
        return "the facts settle it, and it is booked as an estimate"
    return f"not as the facts have it: {', '.join(write.columns)}"


def _change_message(change: Change) -> str:
    if change.row is None:
        return "it is not there, and the facts know of it"
    if change.values is None:
        return "it is there, and nothing is open any more"
    return f"not as the facts have it: {', '.join(change.columns)}"
