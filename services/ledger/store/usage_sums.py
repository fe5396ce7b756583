"""What detail records of any stretch of time come to, by their own time: sums for whole days, rows for the edges."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Integer, cast, func, select

from services.common.times import start_of_day, utc_day
from services.ledger import tables
from services.ledger.store.record_times import times_within

_DAY = timedelta(days=1)


@dataclass(slots=True)
class UsageSums:
    """Nanos by (record type, currency), and how many of the records have an amount that cannot be read."""

    nanos: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreadable_count: int = 0

    def add(self, rows: Iterable[tuple[str, str, int, int]]) -> None:
        """Add rows of (record type, currency, nanos, unreadable count)."""
        for record_type, currency, nanos, unreadable_count in rows:
            self.nanos[(record_type, currency)] += int(nanos)
            self.unreadable_count += int(unreadable_count)

    def of_currency(self, currency: str) -> dict[str, int]:
        """Nanos by record type."""
        return {name: nanos for (name, of), nanos in self.nanos.items() if of == currency}


def usage_between(connection: Connection, from_at: datetime, to_at: datetime) -> UsageSums:
    """The usage of [from_at, to_at). A record without a time of its own counts when it was first seen."""
    sums = UsageSums()
    first = utc_day(from_at - timedelta(microseconds=1)) + _DAY
    after = utc_day(to_at)
    if first < after:
        sums.add(_of_days(connection, first, after))
        edges = [(from_at, start_of_day(first)), (start_of_day(after), to_at)]
    else:
        edges = [(from_at, to_at)]
    for start_at, end_at in edges:
        if start_at < end_at:
            sums.add(_of_records(connection, start_at, end_at))
    return sums


def _of_days(connection: Connection, first: date, after: date) -> Iterable[tuple[str, str, int, int]]:
    table = tables.record_rollups
    query = (
        select(
            *(table.c.record_type, table.c.currency),
            *(func.sum(table.c.cost_nanos), func.sum(table.c.unreadable_count)),
        )
        .where(table.c.day >= first, table.c.day < after)
        .group_by(table.c.record_type, table.c.currency)
    )
    return ((*row,) for row in connection.execute(query))


def _of_records(
    connection: Connection, start_at: datetime, end_at: datetime
) -> Iterator[tuple[str, str, int, int]]:
    table = tables.detail_records
    rollups = tables.record_rollups
    # The sums know which types have records on these days: each is a range of the index by type and time.
    of_days = select(rollups.c.record_type).where(rollups.c.day.between(utc_day(start_at), utc_day(end_at)))
    names = sorted(connection.execute(of_days.distinct()).scalars())
    sums = (func.sum(table.c.cost_nanos), func.sum(cast(table.c.is_unreadable, Integer)))
    for is_within in times_within(start_at, end_at) if names else ():
        query = (
            select(table.c.record_type, table.c.currency, *sums)
            .where(table.c.record_type.in_(names), is_within)
            .group_by(table.c.record_type, table.c.currency)
        )
        yield from ((*row,) for row in connection.execute(query))
