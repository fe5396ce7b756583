"""How much there is to verify, and the order in which it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from services.ledger import tables

_FACTS = (tables.events, tables.observations, tables.sweeps, tables.usage_days, tables.estimate_rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCounts:
    """The size of a book; `last_cluster_id`: what comes later has just been derived."""

    facts: int
    charges: int
    entries: int
    last_cluster_id: int


def count_proof(connection: Connection) -> ProofCounts:
    """The size of the book now."""

    def count(table: Table) -> int:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()

    return ProofCounts(
        facts=sum(map(count, _FACTS)),
        charges=count(tables.billing),
        entries=count(tables.billing_entries),
        last_cluster_id=connection.execute(select(func.max(tables.clusters.c.id))).scalar() or 0,
    )


def clusters_after(connection: Connection, cluster_id: int, last_id: int, limit: int) -> Sequence[int]:
    """The ids of the clusters behind one, in order."""
    ids = tables.clusters.c.id
    query = select(ids).where(ids > cluster_id, ids <= last_id).order_by(ids).limit(limit)
    return connection.execute(query).scalars().all()
