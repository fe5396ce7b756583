"""Reading back webhook events in the order of their receipt."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from services.ledger import tables
from services.ledger.facts import NO_MOMENT
from services.ledger.store.fact_codec import decode_event_fact
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_EVENTS = tables.events


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRange:
    """Events received from one moment until before another (None: without a bound), and recorded by now.

    `last_id`: what is recorded later is not part of it.
    """

    from_at: datetime | None
    to_at: datetime | None
    last_id: int


Place = tuple[datetime, int]
"""(time of receipt, id) of the last event that was read."""

BEFORE_ALL: Place = (NO_MOMENT, 0)


def last_event_id(connection: Connection) -> int:
    """The greatest id of any event; 0 without any."""
    return connection.execute(select(func.max(_EVENTS.c.id))).scalar() or 0


def count_events(connection: Connection, wanted: ReceiptRange) -> int:
    """How many events a range has."""
    query = select(func.count()).select_from(_EVENTS).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def events_after(
    connection: Connection, wanted: ReceiptRange, place: Place, limit: int
) -> tuple[list[WebhookEvent], Place]:
    """The next events of a range, without their raw texts, and the place of the last of them."""
    columns = (_EVENTS.c.received_at, _EVENTS.c.id, _EVENTS.c.fact, _EVENTS.c.is_quarantined)
    order = (_EVENTS.c.received_at, _EVENTS.c.id)
    query = select(*columns).where(*_conditions(wanted), tuple_(*order) > place).order_by(*order).limit(limit)
    rows = connection.execute(query).all()
    events = [decode_event_fact(row.fact, row.received_at, row.is_quarantined) for row in rows]
    return events, (rows[-1].received_at, rows[-1].id) if rows else place


def _conditions(wanted: ReceiptRange) -> Iterator[ColumnElement[bool]]:
    yield _EVENTS.c.id <= wanted.last_id
    if wanted.from_at is not None:
        yield _EVENTS.c.received_at >= wanted.from_at
    if wanted.to_at is not None:
        yield _EVENTS.c.received_at < wanted.to_at
