"""Reading one leg or one session: derived from its facts on the spot, with the journal beside it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from services.common.errors import NotFound
from services.ledger import tables
from services.ledger.charges import Charge, Derived, Leg
from services.ledger.facts import Rules
from services.ledger.others import other_id
from services.ledger.store.clusters import leg_anchor, session_anchor
from services.ledger.store.deriving import derive_clusters
from services.ledger.store.last_sweeps import last_sweeps
from services.ledger.store.loaded_facts import LoadedCluster, load_clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A leg, whether it is settled, and its journal, oldest line first (rows of billing_entries with `currency`).

    `last_sweeps`: rows of sweeps by record type, for what it misses.
    """

    leg: Leg
    is_settled: bool
    history: tuple[Any, ...]
    last_sweeps: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLeg:
    """A leg in its cluster."""

    cluster_id: int
    loaded: LoadedCluster
    derived: Derived
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """All legs of a session, and the charges of its records that belong to no leg."""

    session_id: str
    calls: tuple[CallView, ...]
    others: tuple[Charge, ...]


def get_call(connection: Connection, call_id: str, rules: Rules) -> CallView:
    """The leg that is known by an id. Raises NotFound."""
    return _views(connection, [find_leg(connection, call_id, rules).leg])[0]


def find_leg(connection: Connection, call_id: str, rules: Rules) -> FoundLeg:
    """The leg that is known by an id of any kind: a name goes before a leg id, and that before the id of a record.

    Raises NotFound.
    """
    loaded = load_clusters(connection, _clusters_of(connection, call_id))
    known = [
        (nearness, FoundLeg(cluster_id=cluster_id, loaded=loaded[cluster_id], derived=derived, leg=leg))
        for cluster_id, derived in derive_clusters(connection, loaded, rules).items()
        for leg in derived.legs
        if (nearness := _nearness(call_id, leg, derived)) is not None
    ]
    if not known:
        raise NotFound("no call is known under this id", "callControlId")
    return min(known, key=lambda pair: pair[0])[1]


def get_session(connection: Connection, session_id: str, rules: Rules) -> SessionView:
    """The session with all its legs; known as soon as any event or record names it. Raises NotFound."""
    table = tables.anchors
    query = select(table.c.cluster_id).where(table.c.anchor == session_anchor(session_id))
    cluster_id = connection.execute(query).scalar()
    if cluster_id is None:
        raise NotFound("no event and no record names this session", "callSessionId")
    loaded = load_clusters(connection, [cluster_id])
    derived = derive_clusters(connection, loaded, rules)[cluster_id]
    legs = [leg for leg in derived.legs if leg.session_id == session_id]
    own = {other_id(record) for record in loaded[cluster_id].facts.records if record.session_id == session_id}
    return SessionView(
        session_id=session_id,
        calls=tuple(_views(connection, legs)),
        others=tuple(
            charge for charge in derived.charges if charge.kind == "other" and charge.record_id in own
        ),
    )


def _nearness(call_id: str, leg: Leg, derived: Derived) -> int | None:
    """How directly an id names a leg, the less the better; None if it does not."""
    if call_id == leg.call_id:
        return 0
    if call_id in leg.ids:
        return 1
    is_of_record = any(
        record_id == call_id and home == ("call", leg.call_id)
        for (_, record_id), home in derived.homes.items()
    )
    return 2 if is_of_record else None


def _clusters_of(connection: Connection, call_id: str) -> list[int]:
    anchors, calls, records = tables.anchors, tables.calls, tables.detail_records
    queries = (
        select(anchors.c.cluster_id).where(anchors.c.anchor == leg_anchor(call_id)),
        select(calls.c.cluster_id).where(calls.c.telnyx_call_id == call_id),
        select(records.c.cluster_id).where(records.c.record_id == call_id),
    )
    found = [cluster_id for query in queries for cluster_id in connection.execute(query).scalars()]
    return list(dict.fromkeys(found))


def _views(connection: Connection, legs: list[Leg]) -> list[CallView]:
    table, entries = tables.billing, tables.billing_entries
    names = [leg.call_id for leg in legs]
    rows = connection.execute(
        select(table.c.id, table.c.record_id, table.c.currency, table.c.settled_at).where(
            table.c.record_type == "call", table.c.record_id.in_(names)
        )
    ).all()
    settled = {row.record_id for row in rows if row.settled_at is not None}
    owner = {row.id: row.record_id for row in rows}
    history: dict[str, list[Any]] = defaultdict(list)
    query = (
        select(entries, table.c.currency)
        .join_from(entries, table, table.c.id == entries.c.billing_id)
        .where(entries.c.billing_id.in_(owner))
        .order_by(entries.c.id)
    )
    for row in connection.execute(query):
        history[owner[row.billing_id]].append(row)
    return [
        CallView(
            leg=leg,
            is_settled=leg.call_id in settled,
            history=tuple(history[leg.call_id]),
            last_sweeps=last_sweeps(connection, leg),
        )
        for leg in legs
    ]
