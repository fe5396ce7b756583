"""Marking sweeps that must be looked at again because a fact arrived which they depend on (rule 3.n)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from services.ledger import tables
from services.ledger.closing import PROOF_PERIOD


def mark_outdated_sweeps(connection: Connection, moved: Sequence[Any]) -> None:
    """Records came into the book, or moved in time, which windows that were read after they were first seen hold.

    `moved` are rows of detail_records, as they were and as they are. In the usual order of things a sweep is
    recorded after its records, and nothing is marked.
    """
    if not moved:
        return
    table = tables.sweeps
    types = {row.record_type for row in moved}
    newest_query = select(table.c.record_type, func.max(table.c.read_at).label("read_at"))
    newest: dict[str, datetime] = {
        row.record_type: row.read_at
        for row in connection.execute(
            newest_query.where(table.c.record_type.in_(types)).group_by(table.c.record_type)
        )
    }
    for row in moved:
        read_at = newest.get(row.record_type)
        if read_at is None or read_at < row.first_observed_at or row.record_time is None:
            continue
        connection.execute(
            update(table)
            .where(
                table.c.record_type == row.record_type,
                table.c.from_at <= row.record_time,
                table.c.to_at > row.record_time,
                table.c.read_at >= row.first_observed_at,
            )
            .values(is_applied=False)
        )


def mark_proven_by(connection: Connection, sweep: Any) -> None:
    """A sweep that returned rows proves empty ones of the same form, and the key that it was read with (rule 3.n)."""
    table = tables.sweeps
    later = table.c.read_at.between(sweep.read_at, sweep.read_at + PROOF_PERIOD)
    empty = (table.c.total_results == 0, table.c.is_proven.is_(False))
    connection.execute(
        update(table).where(table.c.query_form == sweep.query_form, later, *empty).values(is_applied=False)
    )
    usage = tables.usage_days
    reported = select(usage.c.record_type).where(
        usage.c.account_key == sweep.account_key,
        usage.c.read_at.between(sweep.read_at, sweep.read_at + PROOF_PERIOD),
    )
    types = set(connection.execute(reported).scalars())
    if types:
        connection.execute(
            update(table).where(table.c.record_type.in_(types), *empty).values(is_applied=False)
        )


def mark_reported(connection: Connection, record_type: str, from_at: datetime, to_at: datetime) -> None:
    """usage_reports spoke of days of this type: empty sweeps over them that lacked proof may now have one."""
    table = tables.sweeps
    connection.execute(
        update(table)
        .where(
            table.c.record_type == record_type,
            table.c.total_results == 0,
            table.c.is_proven.is_(False),
            table.c.from_at < to_at,
            table.c.to_at > from_at,
        )
        .values(is_applied=False)
    )
