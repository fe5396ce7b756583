"""Adding sweeps and usage reports to the book, and working out what a sweep is worth (rule 3.n)."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, text, update

from services.common.money import Money
from services.ledger import tables
from services.ledger.closing import MARGIN, PROOF_PERIOD
from services.ledger.store.statements import insert_returning_ids, insert_rows
from services.ledger.store.sweep_marks import mark_proven_by, mark_reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The fact that a window [from_at, to_at) of one record type was read to its end."""

    record_type: str
    query_form: str
    account_key: str
    from_at: datetime
    to_at: datetime
    read_at: datetime
    total_results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    """What usage_reports said that a type cost on one UTC day."""

    day: date
    cost: Money


def add_sweep(connection: Connection, sweep: Sweep) -> int:
    """Insert a sweep that is not known yet. Returns its id."""
    lock_record_types(connection, [sweep.record_type], is_sweep=True)
    known = _find(connection, sweep)
    if known is not None:
        return known
    table = tables.sweeps
    values = {
        "record_type": sweep.record_type,
        "query_form": sweep.query_form,
        "account_key": sweep.account_key,
        "from_at": sweep.from_at,
        "to_at": sweep.to_at,
        "read_at": sweep.read_at,
        "total_results": sweep.total_results,
        "held_count": -1,
        "is_proven": False,
        "is_applied": False,
    }
    [new_id] = insert_returning_ids(connection, table, [values])
    if sweep.total_results > 0:
        mark_proven_by(connection, sweep)
    return new_id


def add_usage(
    connection: Connection, record_type: str, days: Iterable[UsageDay], read_at: datetime, account_key: str
) -> None:
    """Insert what usage_reports said; what is known already changes nothing."""
    lock_record_types(connection, [record_type], is_sweep=True)
    table = tables.usage_days
    query = select(table.c.day, table.c.currency, table.c.cost_nanos).where(
        table.c.record_type == record_type, table.c.read_at == read_at
    )
    known = {tuple(row) for row in connection.execute(query)}
    new = [day for day in days if (day.day, day.cost.currency, day.cost.nanos) not in known]
    rows = [
        {
            "record_type": record_type,
            "day": day.day,
            "currency": day.cost.currency,
            "cost_nanos": day.cost.nanos,
            "read_at": read_at,
            "account_key": account_key,
        }
        for day in new
    ]
    insert_rows(connection, table, rows)
    if new:
        first = datetime.combine(min(day.day for day in new), time(), UTC)
        after = datetime.combine(max(day.day for day in new), time(), UTC) + timedelta(days=1)
        mark_reported(connection, record_type, first, after)


def lock_record_types(connection: Connection, record_types: Iterable[str], *, is_sweep: bool) -> None:
    """Records of a type may be added side by side, but a sweep of it is recorded or weighed alone.

    Otherwise a record could be committed unseen by a sweep that is weighed at the same moment. SQLite has one
    writer and needs no lock.
    """
    if connection.dialect.name != "postgresql":
        return
    function = "pg_advisory_xact_lock" if is_sweep else "pg_advisory_xact_lock_shared"
    for key in sorted(zlib.crc32(f"sweeps of {name}".encode()) for name in set(record_types)):
        connection.execute(text(f"SELECT {function}(:key)"), {"key": key})


def weigh(connection: Connection, row: Any) -> tuple[int, bool]:
    """(how many records of that type the ledger holds in the window, whether its silence would be proof)."""
    records = tables.detail_records
    held = connection.execute(
        select(func.count()).where(
            records.c.record_type == row.record_type,
            records.c.record_time >= row.from_at,
            records.c.record_time < row.to_at,
            records.c.first_observed_at <= row.read_at,
        )
    ).scalar_one()
    if row.total_results > 0:
        return held, True
    table = tables.sweeps
    proof = select(table.c.id).where(
        table.c.query_form == row.query_form,
        table.c.total_results > 0,
        table.c.read_at <= row.read_at,
        table.c.read_at >= row.read_at - PROOF_PERIOD,
    )
    return held, connection.execute(proof.limit(1)).first() is not None


def note_weight(
    connection: Connection, sweep_id: int, held_count: int, is_proven: bool, is_applied: bool
) -> None:
    """Write down what a sweep is worth."""
    statement = update(tables.sweeps).where(tables.sweeps.c.id == sweep_id)
    connection.execute(statement.values(held_count=held_count, is_proven=is_proven, is_applied=is_applied))


def clusters_that_wait(connection: Connection, row: Any, horizon: timedelta) -> list[int]:
    """The clusters with something open that this window spans, and was read late enough to close."""
    table = tables.open_items
    query = select(table.c.cluster_id).where(
        table.c.started_at >= row.from_at + MARGIN,
        table.c.ended_at <= min(row.to_at - MARGIN, row.read_at - horizon),
    )
    return sorted(set(connection.execute(query).scalars()))


def clusters_inside(connection: Connection, row: Any) -> list[int]:
    """All clusters with a charge in the window: what it has closed must be derived again if it closes no more."""
    table = tables.billing
    query = select(table.c.cluster_id).where(
        table.c.billing_date >= row.from_at, table.c.billing_date < row.to_at
    )
    return sorted(set(connection.execute(query).scalars()))


def _find(connection: Connection, sweep: Sweep) -> int | None:
    table = tables.sweeps
    query = select(table.c.id).where(
        table.c.record_type == sweep.record_type,
        table.c.query_form == sweep.query_form,
        table.c.from_at == sweep.from_at,
        table.c.to_at == sweep.to_at,
        table.c.read_at == sweep.read_at,
        table.c.total_results == sweep.total_results,
    )
    return connection.execute(query).scalar()
