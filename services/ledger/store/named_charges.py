"""The charges that an id names."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from services.ledger import tables
from services.ledger.store.charge_filters import KINDS
from services.ledger.store.clusters import leg_anchor, session_anchor

_MOST = 10_000
"""An id names a handful of charges, that of a long conference perhaps some hundred."""


def named_charges(connection: Connection, name: str) -> tuple[int, ...]:
    """Ids of the rows of telnyx_billing that an id names: of a charge, leg, session, message or detail record."""
    homes = [*((kind, name) for kind in KINDS), *_homes_of_record(connection, name)]
    found = _charges(connection, homes)
    for anchor in (leg_anchor(name), session_anchor(name)):
        found |= _charges_of_call(connection, anchor, name)
    return tuple(sorted(found))


def _homes_of_record(connection: Connection, name: str) -> list[tuple[str, str]]:
    """(kind, record_id) of the charges in which detail records with this id end."""
    table = tables.detail_records
    query = select(table.c.home_kind, table.c.home_record_id).where(table.c.record_id == name).limit(_MOST)
    return [(row.home_kind, row.home_record_id) for row in connection.execute(query)]


def _charges(connection: Connection, homes: Sequence[tuple[str, str]]) -> set[int]:
    table = tables.billing
    found: set[int] = set()
    for kind in KINDS:
        names = {record_id for of_kind, record_id in homes if of_kind == kind}
        if names:
            query = select(table.c.id).where(
                table.c.record_type == kind, table.c.record_id.in_(names), table.c.merged_into.is_(None)
            )
            found.update(connection.execute(query).scalars())
    return found


def _charges_of_call(connection: Connection, anchor: str, name: str) -> set[int]:
    """The charges of the legs that an anchor names; all that is connected with it when no leg of today has the name."""
    anchors, calls = tables.anchors, tables.calls
    query = select(anchors.c.cluster_id).where(anchors.c.anchor == anchor)
    cluster_id = connection.execute(query).scalar()
    if cluster_id is None:
        return set()
    legs = connection.execute(
        select(calls).where(calls.c.cluster_id == cluster_id, calls.c.merged_into.is_(None)).limit(_MOST)
    )
    named = [
        ("call", row.telnyx_call_id)
        for row in legs
        if name in (row.telnyx_call_id, row.call_control_id, row.call_leg_id, row.telnyx_session_id)
    ]
    return _charges(connection, named) or _charges_of_cluster(connection, cluster_id)


def _charges_of_cluster(connection: Connection, cluster_id: int) -> set[int]:
    table = tables.billing
    query = select(table.c.id).where(table.c.cluster_id == cluster_id, table.c.merged_into.is_(None))
    rows: Iterable[int] = connection.execute(query.limit(_MOST)).scalars()
    return set(rows)
