"""Reading one charge of any kind as it is booked, with its parts, its journal, and the facts that name it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from services.common.errors import NotFound
from services.ledger import tables
from services.ledger.belonging import Place
from services.ledger.charges import Kind
from services.ledger.facts import Rules
from services.ledger.legs import Fact
from services.ledger.others import other_id
from services.ledger.store.call_facts import FactsView, Wanted, read_facts
from services.ledger.store.deriving import derive_clusters
from services.ledger.store.loaded_facts import load_clusters
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_MAX_MOVES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeView:
    """`charges`: one row of telnyx_billing for each currency. `parts` and `history`, oldest first, name theirs."""

    charges: tuple[Any, ...]
    parts: tuple[Any, ...]
    history: tuple[Any, ...]
    facts: FactsView


def get_charge(connection: Connection, kind: Kind, record_id: str, rules: Rules) -> ChargeView:
    """The charge of a call, a message or another record; where it was merged away, the one that has its money now.

    Raises NotFound, also for a call that still goes on: it has no charge yet.
    """
    rows = _follow(connection, kind, record_id)
    charges = [row for row in rows if row.merged_into is None]
    cluster_id = charges[0].cluster_id
    loaded = load_clusters(connection, [cluster_id])
    derived = derive_clusters(connection, loaded, rules)[cluster_id]
    is_wanted = _naming(charges[0].record_type, charges[0].record_id)
    return ChargeView(
        charges=tuple(charges),
        parts=_lines(connection, charges, "billing_parts"),
        history=_lines(connection, rows, "billing_entries"),
        facts=read_facts(connection, cluster_id, loaded[cluster_id], derived, is_wanted),
    )


def _follow(connection: Connection, kind: Kind, record_id: str) -> Sequence[Any]:
    """All rows of the charge, by currency, also of currencies that it no longer has."""
    table = tables.billing
    for _ in range(_MAX_MOVES):
        own = (table.c.record_type == kind, table.c.record_id == record_id)
        rows = connection.execute(select(table).where(*own).order_by(table.c.currency)).all()
        if not rows or any(row.merged_into is None for row in rows):
            break
        # Only calls and other records ever move, and then to a call.
        kind, record_id = "call", rows[0].merged_into
    if not any(row.merged_into is None for row in rows):
        raise NotFound("nothing has been charged under this id", "id")
    return rows


def _lines(connection: Connection, charges: Sequence[Any], name: str) -> tuple[Any, ...]:
    """The parts or entries of charges in their order, each with its charge's currency."""
    table, billing = tables.metadata.tables[name], tables.billing
    order = (table.c.id,) if name == "billing_entries" else (billing.c.currency, table.c.position)
    query = (
        select(table, billing.c.currency)
        .join_from(table, billing, billing.c.id == table.c.billing_id)
        .where(table.c.billing_id.in_([row.id for row in charges]))
    )
    return tuple(connection.execute(query.order_by(*order)))


def _naming(kind: Kind, record_id: str) -> Wanted:
    """Picks the facts that name a charge."""

    def is_wanted(fact: Fact, place: Place) -> bool:
        if kind == "call":
            return place.call_id == record_id
        if isinstance(fact, WebhookEvent):
            return kind == "sms" and fact.message is not None and fact.message.message_id == record_id
        name = fact.record_id if kind == "sms" else other_id(fact)
        return name == record_id

    return is_wanted
