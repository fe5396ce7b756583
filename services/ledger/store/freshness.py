"""When the book was told something last, and what it has not come to do. Answered by indexes, however old the book."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, exists, func, select

from services.ledger import tables
from services.ledger.store.blocks import last_block

_PROMPT: Final = timedelta(minutes=5)
"""Telnyx tries a webhook for seconds (facts, section 2): one that comes later than this was recovered."""

_LATEST_EVENTS: Final = 200
_SLACK: Final = timedelta(minutes=2)
"""Carrier clocks differ from ours by up to a minute."""

_LATELY: Final = timedelta(days=1)
_MOST_COUNTED: Final = 100
_LATEST_RECORDS: Final = 20
_ANNOUNCED_TYPES: Final = ("call-control", "messaging")
"""One record of these for each call or message that webhooks may tell of. The calls of a trunk have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """As in GetFreshnessResponse, without what only the intake knows."""

    last_webhook_at: datetime | None
    silent_since: datetime
    unannounced_count: int
    last_sweep_at: datetime | None
    last_balance_at: datetime | None
    unsealed_since: datetime | None


def book_freshness(connection: Connection, now: datetime, serving_since: datetime) -> Freshness:
    """As it is now. `serving_since`: from when on webhooks could come."""
    last_webhook_at = _last_webhook_at(connection)
    silent_since = max(last_webhook_at, serving_since) if last_webhook_at else serving_since
    return Freshness(
        last_webhook_at=last_webhook_at,
        silent_since=silent_since,
        unannounced_count=sum(
            _unannounced_count(connection, name, silent_since, now)
            for name in _ANNOUNCED_TYPES
            if _is_usually_announced(connection, name, last_webhook_at)
        ),
        last_sweep_at=_latest(connection, tables.sweeps.c.read_at),
        last_balance_at=_latest(connection, tables.balance_snapshots.c.read_at),
        unsealed_since=_unsealed_since(connection),
    )


def _last_webhook_at(connection: Connection) -> datetime | None:
    """When the last webhook came that was delivered: those recovered come long after what they tell of.

    One with a stale timestamp was delivered, too: somebody holds it back, or a clock is wrong.
    """
    table = tables.events
    query = select(table.c.received_at, table.c.occurred_at, table.c.is_quarantined)
    rows = connection.execute(query.order_by(table.c.received_at.desc()).limit(_LATEST_EVENTS))
    return next(
        (
            row.received_at
            for row in rows
            if row.is_quarantined or row.received_at - row.occurred_at < _PROMPT
        ),
        None,
    )


def _unannounced_count(
    connection: Connection, record_type: str, silent_since: datetime, now: datetime
) -> int:
    """How many records of a type tell of what came to pass in the silence, of the last day."""
    table = tables.detail_records
    since = max(silent_since + _SLACK, now - _LATELY)
    of_the_silence = (
        select(table.c.record_id)
        .where(table.c.record_type == record_type, table.c.record_time > since, table.c.record_time <= now)
        .limit(_MOST_COUNTED)
        .subquery("seen")
    )
    return connection.execute(select(func.count()).select_from(of_the_silence)).scalar_one()


def _is_usually_announced(connection: Connection, record_type: str, last_webhook_at: datetime | None) -> bool:
    """Whether webhooks told of most of these while they still came. Who never had any has yet to set them up."""
    records, events = tables.detail_records, tables.events
    if last_webhook_at is None:
        return record_type == _ANNOUNCED_TYPES[0]
    is_told: Any = exists().where(events.c.cluster_id == records.c.cluster_id)
    query = select(is_told).where(
        records.c.record_type == record_type, records.c.record_time <= last_webhook_at
    )
    told = connection.scalars(query.order_by(records.c.record_time.desc()).limit(_LATEST_RECORDS)).all()
    if not told:
        return record_type == _ANNOUNCED_TYPES[0]
    return 2 * sum(map(bool, told)) >= len(told)


def _latest(connection: Connection, column: ColumnElement[datetime]) -> datetime | None:
    moment: datetime | None = connection.execute(select(column).order_by(column.desc()).limit(1)).scalar()
    return moment


def _unsealed_since(connection: Connection) -> datetime | None:
    """When the first entry behind the last block was posted."""
    table, sealed = tables.billing_entries, last_block(connection)
    query = select(table.c.posted_at).where(table.c.id > (sealed.last_entry_id if sealed else 0))
    posted_at: datetime | None = connection.execute(query.order_by(table.c.id).limit(1)).scalar()
    return posted_at
