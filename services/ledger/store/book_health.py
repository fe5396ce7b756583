"""What an operator should know of the book. Each question is answered by an index, or by what is few."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, func, select

from services.ledger import tables
from services.ledger.estimate_error import EstimateError
from services.ledger.facts import Rules
from services.ledger.store.estimate_errors import recent_estimate_error
from services.ledger.store.fact_faults import FactFault, count_future, fact_faults

_LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookHealth:
    """As in GetBookHealthResponse; sweeps are rows of their table."""

    last_event_at: datetime | None
    event_count: int
    quarantined_count: int
    faults: list[FactFault]
    unproven_sweeps: list[Any]
    latest_sweeps: list[Any]
    estimate_error: EstimateError
    unsettled_count: int
    oldest_unsettled_at: datetime | None
    future_count: int


def book_health(connection: Connection, now: datetime, rules: Rules) -> BookHealth:
    """Everything, as it is now."""
    unsettled_count, oldest_unsettled_at = _unsettled(connection, now)
    names = list(_swept_types(connection))
    return BookHealth(
        last_event_at=_last_event_at(connection),
        event_count=connection.execute(select(func.count()).select_from(tables.events)).scalar_one(),
        quarantined_count=_quarantined_count(connection, now - _LATELY),
        faults=fact_faults(connection),
        unproven_sweeps=_latest_sweeps(connection, names, _is_unproven(now - _LATELY)),
        latest_sweeps=_latest_sweeps(connection, names),
        estimate_error=recent_estimate_error(connection, now, rules),
        unsettled_count=unsettled_count,
        oldest_unsettled_at=oldest_unsettled_at,
        future_count=count_future(connection),
    )


def _last_event_at(connection: Connection) -> datetime | None:
    table = tables.events
    query = select(table.c.received_at).order_by(table.c.received_at.desc())
    return connection.execute(query.limit(1)).scalar()


def _quarantined_count(connection: Connection, since: datetime) -> int:
    """Quarantined events of no record: one of the same call, session or message would have confirmed them."""
    events, records = tables.events, tables.detail_records
    is_confirmed = exists().where(records.c.cluster_id == events.c.cluster_id)
    query = select(func.count()).where(events.c.is_quarantined, events.c.received_at >= since, ~is_confirmed)
    return connection.execute(query).scalar_one()


def _unsettled(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many calls and messages are over and not exact yet, and when the first of them ended."""
    table = tables.open_items
    query = select(func.count(), func.min(table.c.ended_at, type_=table.c.ended_at.type))
    row = connection.execute(query.where(table.c.is_settled.is_(False), table.c.open_at <= now)).one()
    return row[0], row[1]


def _swept_types(connection: Connection) -> Iterator[str]:
    """The record types with any sweep, each found by a step through the index."""
    table = tables.sweeps
    name = ""
    while True:
        query = select(func.min(table.c.record_type)).where(table.c.record_type > name)
        name = connection.execute(query).scalar_one_or_none() or ""
        if not name:
            return
        yield name


def _is_unproven(since: datetime) -> Any:
    table = tables.sweeps
    return and_(
        table.c.read_at >= since,
        table.c.held_count == table.c.total_results,
        table.c.is_proven.is_(False),
    )


def _latest_sweeps(connection: Connection, names: list[str], *which: Any) -> list[Any]:
    table = tables.sweeps
    found = []
    for name in names:
        query = select(table).where(table.c.record_type == name, *which)
        row = connection.execute(query.order_by(table.c.read_at.desc(), table.c.id.desc()).limit(1)).first()
        found += [] if row is None else [row]
    return found
