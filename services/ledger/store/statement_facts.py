"""What a statement needs of the book."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from services.ledger import tables
from services.ledger.statement import Rise, StatementFacts, days_begun, rises_of, with_usage
from services.ledger.statement_notes import GAP, Doubts
from services.ledger.store.account_charges import list_charges_of_days
from services.ledger.store.balances import last_before, list_changes
from services.ledger.store.moments import seconds_between
from services.ledger.store.usage_sums import usage_between

_MAX_RISES_WEIGHED = 500
"""Of so many rises, the greatest, the usage meanwhile is looked up; of the others it is too little to matter."""

_MAX_GAPS = 100


@dataclass(frozen=True, slots=True)
class LoadedStatement:
    """The facts of a statement, and how well they are known."""

    facts: StatementFacts
    doubts: Doubts


def load_statement(
    connection: Connection, from_at: datetime, to_at: datetime, now: datetime
) -> LoadedStatement | None:
    """None where no balance was read in the period. The currency is that of the closing balance."""
    closing = last_before(connection, to_at)
    if closing is None or closing.read_at < from_at:
        return None
    before = last_before(connection, from_at)
    start_at = before.read_at if before is not None else from_at
    snapshots = [
        each for each in list_changes(connection, start_at, to_at) if each.currency == closing.currency
    ]
    opening = snapshots[0]
    usage = usage_between(connection, opening.read_at, closing.read_at)
    days = days_begun(opening.read_at, closing.read_at)
    charges = list_charges_of_days(connection, *days)
    facts = StatementFacts(
        opening=opening,
        closing=closing,
        rises=_weighed(connection, rises_of(snapshots), closing.currency),
        usage=usage.of_currency(closing.currency),
        charges=[day for day in charges if day.currency == closing.currency],
    )
    foreign: Counter[str] = Counter()
    for (_, currency), nanos in usage.nanos.items():
        if currency != closing.currency:
            foreign[currency] += nanos
    doubts = Doubts(
        from_at=from_at,
        until_at=min(to_at, now),
        opening_at=opening.read_at,
        closing_at=closing.read_at,
        gaps=_gaps(connection, opening.read_at, to_at),
        days=days,
        charges=charges,
        currency=closing.currency,
        foreign={currency: nanos for currency, nanos in foreign.items() if nanos},
        unreadable_count=usage.unreadable_count,
        open_count=_open_count(connection, opening.read_at, closing.read_at),
    )
    return LoadedStatement(facts, doubts)


def _weighed(connection: Connection, rises: Sequence[Rise], currency: str) -> list[Rise]:
    greatest = sorted(range(len(rises)), key=lambda place: (-rises[place].paid_nanos, place))
    weighed = set(greatest[:_MAX_RISES_WEIGHED])
    return [
        with_usage(rise, _used(connection, rise, currency)) if place in weighed else rise
        for place, rise in enumerate(rises)
    ]


def _used(connection: Connection, rise: Rise, currency: str) -> int:
    usage = usage_between(connection, rise.before.read_at, rise.after.read_at)
    return sum(usage.of_currency(currency).values())


def _gaps(connection: Connection, from_at: datetime, to_at: datetime) -> list[tuple[datetime, datetime]]:
    table = tables.balance_snapshots
    before = (
        func.lag(table.c.read_at, type_=table.c.read_at.type)
        .over(order_by=table.c.read_at)
        .label("before_at")
    )
    seen = (
        select(before, table.c.read_at)
        .where(table.c.read_at >= from_at, table.c.read_at < to_at)
        .subquery("seen")
    )
    elapsed_s = seconds_between(connection, seen.c.before_at, seen.c.read_at)
    query = select(seen.c.before_at, seen.c.read_at).where(elapsed_s > GAP.total_seconds())
    rows = connection.execute(query.order_by(seen.c.read_at).limit(_MAX_GAPS))
    return [(row.before_at, row.read_at) for row in rows]


def _open_count(connection: Connection, from_at: datetime, to_at: datetime) -> int:
    table = tables.open_items
    query = select(func.count()).where(
        table.c.started_at >= from_at, table.c.started_at < to_at, table.c.is_settled.is_(False)
    )
    return int(connection.execute(query).scalar_one())
