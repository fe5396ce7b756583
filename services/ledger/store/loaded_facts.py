"""Reading back the facts of clusters, with the windows that may close what they wait for."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from services.common.times import utc_day
from services.ledger import tables
from services.ledger.charges import OpenItem
from services.ledger.closing import MARGIN, PROOF_PERIOD
from services.ledger.facts import EstimateRate, Facts, ProvenWindow, UnusedDay
from services.ledger.store.fact_codec import decode_event_fact, decode_record_fact
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_MAX_WINDOWS = 5_000


@dataclass(frozen=True, slots=True)
class Windows:
    """Sweeps that may close something, and what usage_reports said of days."""

    windows: tuple[ProvenWindow, ...]
    unused_days: tuple[UnusedDay, ...]


@dataclass(slots=True)
class LoadedCluster:
    """The facts of one cluster, and when each of its records, by (type, id), was first seen at all."""

    facts: Facts
    first_observed_at: dict[tuple[str, str], datetime]


def load_clusters(connection: Connection, cluster_ids: Iterable[int]) -> dict[int, LoadedCluster]:
    """The facts of each cluster; without windows, see windows_for."""
    ids = sorted(cluster_ids)
    events = _events(connection, ids)
    rates = _rates(connection, ids)
    loaded = {
        cluster_id: LoadedCluster(Facts(events=tuple(events[cluster_id]), rates=tuple(rates[cluster_id])), {})
        for cluster_id in ids
    }
    _add_records(connection, ids, loaded)
    return loaded


def windows_for(connection: Connection, items: Iterable[OpenItem], horizon: timedelta) -> Windows | None:
    """The sweeps that could close what these items wait for; None when none is late enough to close anything."""
    waiting = [item for item in items if item.unclosed]
    if not waiting:
        return None
    newest = select(tables.sweeps.c.read_at).order_by(tables.sweeps.c.read_at.desc()).limit(1)
    last_read_at = connection.execute(newest).scalar()
    ripe = [item for item in waiting if last_read_at and item.span.end_at + horizon <= last_read_at]
    if not ripe:
        return None
    windows = _windows(connection, ripe, horizon)
    return Windows(windows, _unused_days(connection, windows)) if windows else None


def _events(connection: Connection, ids: list[int]) -> dict[int, list[WebhookEvent]]:
    table = tables.events
    query = select(table.c.cluster_id, table.c.fact, table.c.received_at, table.c.is_quarantined)
    found: dict[int, list[WebhookEvent]] = defaultdict(list)
    for row in connection.execute(query.where(table.c.cluster_id.in_(ids))):
        found[row.cluster_id].append(decode_event_fact(row.fact, row.received_at, row.is_quarantined))
    return found


def _add_records(connection: Connection, ids: list[int], loaded: dict[int, LoadedCluster]) -> None:
    table = tables.observations
    columns = (table.c.cluster_id, table.c.fact, table.c.first_observed_at, table.c.last_observed_at)
    found: dict[int, list[DetailRecord]] = defaultdict(list)
    for row in connection.execute(select(*columns).where(table.c.cluster_id.in_(ids))):
        record = decode_record_fact(row.fact, row.last_observed_at)
        found[row.cluster_id].append(record)
        first_seen = loaded[row.cluster_id].first_observed_at
        key = (record.record_type, record.record_id)
        first_seen[key] = min(first_seen.get(key, row.first_observed_at), row.first_observed_at)
    for cluster_id, records in found.items():
        loaded[cluster_id].facts = replace(loaded[cluster_id].facts, records=tuple(records))


def _rates(connection: Connection, ids: list[int]) -> dict[int, list[EstimateRate]]:
    table = tables.estimate_rates
    found: dict[int, list[EstimateRate]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.cluster_id.in_(ids))):
        rate = EstimateRate(
            call_id=row.call_id,
            nanos_per_minute=row.nanos_per_minute,
            source=row.source,
            booked_at=row.booked_at,
        )
        found[row.cluster_id].append(rate)
    return found


def _windows(connection: Connection, ripe: list[OpenItem], horizon: timedelta) -> tuple[ProvenWindow, ...]:
    """The complete windows that could close any of the items, newest first."""
    table = tables.sweeps
    query = (
        select(table)
        .where(
            table.c.held_count == table.c.total_results,
            table.c.record_type.in_({name for item in ripe for name in item.unclosed}),
            table.c.from_at <= max(item.span.start_at for item in ripe) - MARGIN,
            table.c.to_at >= min(item.span.end_at for item in ripe) + MARGIN,
            table.c.read_at >= min(item.span.end_at for item in ripe) + horizon,
        )
        .order_by(table.c.read_at.desc())
        .limit(_MAX_WINDOWS)
    )
    return tuple(
        ProvenWindow(
            record_type=row.record_type,
            from_at=row.from_at,
            to_at=row.to_at,
            read_at=row.read_at,
            row_count=row.total_results,
            is_proven=row.is_proven,
        )
        for row in connection.execute(query)
    )


def _unused_days(connection: Connection, windows: tuple[ProvenWindow, ...]) -> tuple[UnusedDay, ...]:
    """What usage_reports said of the types whose windows came back empty without proof."""
    doubtful = {window.record_type for window in windows if not window.is_proven}
    if not doubtful:
        return ()
    table = tables.usage_days
    query = select(table).where(
        table.c.record_type.in_(doubtful),
        table.c.cost_nanos == 0,
        table.c.day >= utc_day(min(window.from_at for window in windows)),
    )
    rows = connection.execute(query).all()
    readings = {(row.account_key, row.read_at) for row in rows}
    alive = {reading for reading in readings if _saw_rows(connection, *reading)}
    return tuple(
        UnusedDay(record_type=row.record_type, day=row.day, read_at=row.read_at)
        for row in rows
        if (row.account_key, row.read_at) in alive
    )


def _saw_rows(connection: Connection, account_key: str, read_at: datetime) -> bool:
    """The same API key has lately returned records: it is not some other, empty account that reports 0."""
    table = tables.sweeps
    query = select(table.c.id).where(
        table.c.account_key == account_key,
        table.c.total_results > 0,
        table.c.read_at <= read_at,
        table.c.read_at >= read_at - PROOF_PERIOD,
    )
    return connection.execute(query.limit(1)).first() is not None
