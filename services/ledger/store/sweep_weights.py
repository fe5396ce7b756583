"""What a sweep is worth: whether the ledger holds what it held, and whether its silence would be proof (rule 3.n)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from services.common.statements import update_by_id
from services.common.times import utc_day
from services.ledger import tables
from services.ledger.closing import MARGIN, PROOF_PERIOD

_SWEEPS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Weight:
    """`held_count`: how many records of its type the ledger holds in the window, of those seen by then."""

    sweep_id: int
    held_count: int
    is_proven: bool
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """Sweeps that have been weighed, and the clusters that must be derived before they count as applied."""

    weights: tuple[Weight, ...]
    cluster_ids: tuple[int, ...]


def unapplied_sweeps(connection: Connection) -> list[int]:
    """The first of the sweeps that are not up to date."""
    table = tables.sweeps
    query = select(table.c.id).where(~table.c.is_applied).order_by(table.c.id).limit(_SWEEPS_AT_ONCE)
    return list(connection.execute(query).scalars())


def weigh_sweeps(connection: Connection, sweep_ids: Sequence[int], horizon: timedelta) -> Weighed:
    """Weigh sweeps, write down what they are worth, and find the clusters for which that may matter."""
    table = tables.sweeps
    rows = connection.execute(select(table).where(table.c.id.in_(sweep_ids)).order_by(table.c.id)).all()
    weights = tuple(_weigh(connection, row) for row in rows)
    update_by_id(connection, table, [_values(row, weight) for row, weight in zip(rows, weights, strict=True)])
    concerned = {
        cluster_id
        for row, weight in zip(rows, weights, strict=True)
        for cluster_id in _concerned(connection, row, weight, horizon)
    }
    return Weighed(weights, tuple(sorted(concerned)))


def note_applied(connection: Connection, weights: Iterable[Weight]) -> None:
    """The sweeps are up to date; but not one that a fact has outdated since it was weighed."""
    table = tables.sweeps
    statement = (
        update(table)
        .where(
            table.c.id == bindparam("of_sweep"),
            table.c.held_count == bindparam("weighed_count"),
            table.c.is_proven == bindparam("weighed_proof"),
        )
        .values(is_applied=True, may_have_closed=bindparam("is_complete"))
    )
    rows = [
        {
            "of_sweep": weight.sweep_id,
            "weighed_count": weight.held_count,
            "weighed_proof": weight.is_proven,
            "is_complete": weight.is_complete,
        }
        for weight in weights
    ]
    connection.execute(statement, rows)


def _weigh(connection: Connection, row: Any) -> Weight:
    records = tables.detail_records
    held_count = connection.execute(
        select(func.count()).where(
            records.c.record_type == row.record_type,
            records.c.record_time >= row.from_at,
            records.c.record_time < row.to_at,
            records.c.first_observed_at <= row.read_at,
        )
    ).scalar_one()
    is_proven = row.total_results > 0 or _has_spoken(connection, row)
    return Weight(row.id, held_count, is_proven, is_complete=held_count == row.total_results)


def _has_spoken(connection: Connection, row: Any) -> bool:
    """The same form of query has returned rows within the days before: it is known to work."""
    table = tables.sweeps
    query = select(table.c.id).where(
        table.c.query_form == row.query_form,
        table.c.total_results > 0,
        table.c.read_at.between(row.read_at - PROOF_PERIOD, row.read_at),
    )
    return connection.execute(query.limit(1)).first() is not None


def _values(row: Any, weight: Weight) -> dict[str, Any]:
    return {
        "id": row.id,
        "held_count": weight.held_count,
        "is_proven": weight.is_proven,
        "may_have_closed": row.may_have_closed or weight.is_complete,
    }


def _concerned(connection: Connection, row: Any, weight: Weight, horizon: timedelta) -> set[int]:
    waiting = _clusters_that_wait(connection, row, horizon) if weight.is_complete else set()
    is_doubtful = not weight.is_complete or (not weight.is_proven and _is_contradicted(connection, row))
    return waiting | _clusters_inside(connection, row) if row.may_have_closed and is_doubtful else waiting


def _is_contradicted(connection: Connection, row: Any) -> bool:
    """usage_reports show more than 0 for a day of the window: a 0 that was read before may no longer be their word."""
    table = tables.usage_days
    query = select(table.c.id).where(
        table.c.record_type == row.record_type,
        table.c.cost_nanos != 0,
        table.c.day.between(utc_day(row.from_at), utc_day(row.to_at)),
    )
    return connection.execute(query.limit(1)).first() is not None


def _clusters_that_wait(connection: Connection, row: Any, horizon: timedelta) -> set[int]:
    """Those with something open that this window spans, and that was read late enough to close it."""
    table = tables.open_items
    query = select(table.c.cluster_id, table.c.unclosed).where(
        table.c.started_at >= row.from_at + MARGIN,
        table.c.started_at < row.to_at,
        table.c.ended_at <= min(row.to_at - MARGIN, row.read_at - horizon),
    )
    return {item.cluster_id for item in connection.execute(query) if row.record_type in item.unclosed}


def _clusters_inside(connection: Connection, row: Any) -> set[int]:
    """All clusters with a charge in the window: what it may have closed must be derived again without it."""
    table = tables.billing
    query = select(table.c.cluster_id).where(
        table.c.billing_date >= row.from_at, table.c.billing_date < row.to_at
    )
    return set(connection.execute(query).scalars())
