"""Balance snapshots in the book: only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from services.common.errors import InvalidInput
from services.common.statements import insert_missing
from services.ledger import tables
from services.ledger.balances import Snapshot

MAX_CHANGES = 250_000
"""More changes of the balance than this are not read at once: over two years of one every five minutes."""

_AMOUNTS = ("currency", "balance_nanos", "pending_nanos", "credit_limit_nanos", "available_credit_nanos")


def add_snapshot(connection: Connection, snapshot: Snapshot) -> None:
    """Insert a snapshot that is not known yet."""
    values = {"read_at": snapshot.read_at, **{name: getattr(snapshot, name) for name in _AMOUNTS}}
    insert_missing(connection, tables.balance_snapshots, [values])


def list_changes(connection: Connection, from_at: datetime, to_at: datetime) -> list[Snapshot]:
    """The snapshots of [from_at, to_at), oldest first, but none between two that say the same as it does.

    So each moment lies between two that are told and that say what was known of it. Raises InvalidInput where the
    balance changed too often to be told at once.
    """
    table = tables.balance_snapshots
    order = (table.c.read_at, table.c.id)
    beside = [
        column.label(f"{side}_{name}")
        for name in _AMOUNTS
        for side, column in (
            ("before", func.lag(table.c[name], type_=table.c[name].type).over(order_by=order)),
            ("after", func.lead(table.c[name], type_=table.c[name].type).over(order_by=order)),
        )
    ]
    seen = select(table, *beside).where(table.c.read_at >= from_at, table.c.read_at < to_at).subquery("seen")
    is_between_equals = and_(
        *(
            seen.c[f"{side}_{name}"].is_not_distinct_from(seen.c[name])
            for side in ("before", "after")
            for name in _AMOUNTS
        )
    )
    query = select(seen).where(~is_between_equals).order_by(seen.c.read_at, seen.c.id).limit(MAX_CHANGES + 1)
    rows = connection.execute(query).all()
    if len(rows) > MAX_CHANGES:
        raise InvalidInput("the balance changed too often in that time to be told at once", "from")
    return [_snapshot(row) for row in rows]


def list_turns(connection: Connection, from_at: datetime, to_at: datetime) -> list[Snapshot]:
    """Of the snapshots of [from_at, to_at) in the currency of the last, oldest first, those that tell all its falls.

    They are the first, the last, and each at which the balance turned; a week of readings comes to a handful.
    """
    last = last_before(connection, to_at)
    if last is None:
        return []
    table = tables.balance_snapshots
    order, kind = (table.c.read_at, table.c.id), table.c.balance_nanos.type
    before = func.lag(table.c.balance_nanos, type_=kind).over(order_by=order).label("before_nanos")
    after = func.lead(table.c.balance_nanos, type_=kind).over(order_by=order).label("after_nanos")
    seen = (
        select(table, before, after)
        .where(table.c.read_at >= from_at, table.c.read_at < to_at, table.c.currency == last.currency)
        .subquery("seen")
    )
    balance = seen.c.balance_nanos
    is_first_or_last = or_(seen.c.before_nanos.is_(None), seen.c.after_nanos.is_(None))
    goes_on = or_(
        and_(seen.c.before_nanos > balance, balance > seen.c.after_nanos),
        and_(seen.c.before_nanos < balance, balance < seen.c.after_nanos),
    )
    # Of equal ones the last tells it.
    tells = and_(balance != seen.c.after_nanos, ~goes_on)
    query = select(seen).where(or_(is_first_or_last, tells)).order_by(seen.c.read_at, seen.c.id)
    return [_snapshot(row) for row in connection.execute(query)]


def last_before(connection: Connection, before_at: datetime) -> Snapshot | None:
    """The latest snapshot that was read before a moment."""
    return _last(connection, tables.balance_snapshots.c.read_at < before_at)


def last_snapshot(connection: Connection) -> Snapshot | None:
    """The latest snapshot of all."""
    return _last(connection)


def _last(connection: Connection, *conditions: ColumnElement[bool]) -> Snapshot | None:
    table = tables.balance_snapshots
    query = select(table).where(*conditions).order_by(table.c.read_at.desc(), table.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _snapshot(row)


def _snapshot(row: Any) -> Snapshot:
    return Snapshot(read_at=row.read_at, **{name: getattr(row, name) for name in _AMOUNTS})
