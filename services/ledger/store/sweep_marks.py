"""Marking sweeps that must be looked at again because a fact arrived which they depend on (rule 3.n)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from services.common.statements import has_many_writers
from services.ledger import tables
from services.ledger.closing import PROOF_PERIOD


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands for the sweeps of its type, and since when it is known."""

    record_type: str
    record_time: datetime | None
    first_observed_at: datetime


def mark_outdated(connection: Connection, moved: Iterable[Place]) -> None:
    """Records came into the book, or moved: the windows which hold these places must be counted again.

    Until then such a window closes nothing. In the usual order of things a sweep is recorded after its records, and
    nothing is marked.
    """
    by_type: dict[str, list[Place]] = defaultdict(list)
    for place in moved:
        if place.record_time is not None:
            by_type[place.record_type].append(place)
    outdated = {sweep_id for places in by_type.values() for sweep_id in _windows_with(connection, places)}
    if not outdated:
        return
    table = tables.sweeps
    if has_many_writers(connection):
        # In key order, so that two writers who outdate the same sweeps wait for one another but never in a circle.
        wanted = select(table.c.id).where(table.c.id.in_(outdated)).order_by(table.c.id)
        connection.execute(wanted.with_for_update())
    connection.execute(
        update(table).where(table.c.id.in_(outdated)).values(held_count=None, is_applied=False)
    )


def mark_proven_by(connection: Connection, query_form: str, account_key: str, read_at: datetime) -> None:
    """A sweep that returned rows proves empty ones of the same form, and the key that it was read with."""
    sweeps, usage = tables.sweeps, tables.usage_days
    later = (read_at, read_at + PROOF_PERIOD)
    _mark_unproven(connection, sweeps.c.query_form == query_form, sweeps.c.read_at.between(*later))
    reported = select(usage.c.record_type).where(
        usage.c.account_key == account_key, usage.c.read_at.between(*later)
    )
    types = set(connection.execute(reported.distinct()).scalars())
    if types:
        _mark_unproven(connection, sweeps.c.record_type.in_(types))


def mark_reported(connection: Connection, record_type: str, from_at: datetime, to_at: datetime) -> None:
    """usage_reports spoke of days of this type: empty sweeps over them that lacked proof may now have one."""
    sweeps = tables.sweeps
    _mark_unproven(
        connection, sweeps.c.record_type == record_type, sweeps.c.from_at < to_at, sweeps.c.to_at > from_at
    )


def _mark_unproven(connection: Connection, *which: ColumnElement[bool]) -> None:
    table = tables.sweeps
    empty = (table.c.total_results == 0, table.c.is_proven.is_(False))
    connection.execute(update(table).where(*which, *empty).values(is_applied=False))


_SWEEPS = tables.sweeps.c
_WINDOWS_AROUND = select(_SWEEPS.id, _SWEEPS.from_at, _SWEEPS.to_at, _SWEEPS.read_at).where(
    _SWEEPS.record_type == bindparam("of_type"),
    _SWEEPS.read_at >= bindparam("first_observed_at"),
    _SWEEPS.from_at <= bindparam("last_time"),
    _SWEEPS.to_at > bindparam("first_time"),
)


def _windows_with(connection: Connection, places: list[Place]) -> list[int]:
    """The sweeps of one type whose windows hold one of the places, read after it was first seen."""
    times = [place.record_time for place in places if place.record_time is not None]
    bounds = {
        "of_type": places[0].record_type,
        "first_observed_at": min(place.first_observed_at for place in places),
        "first_time": min(times),
        "last_time": max(times),
    }
    return [
        row.id
        for row in connection.execute(_WINDOWS_AROUND, bounds)
        if any(
            place.record_time is not None
            and row.from_at <= place.record_time < row.to_at
            and row.read_at >= place.first_observed_at
            for place in places
        )
    ]
