"""Adding sweeps and usage reports to the book (rule 3.n)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, insert, select

from services.common.money import Money
from services.common.statements import insert_rows
from services.common.times import start_of_day, utc_day
from services.ledger import tables
from services.ledger.store.sweep_marks import mark_proven_by, mark_reported

MAX_DECIMALS = 9
"""Of an amount in nanos."""


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
    is_counted: bool = False

    def whole_days(self) -> tuple[date, date] | tuple[None, None]:
        """[first, after): the UTC days that the window spans and that were over when it was read; else Nones."""
        first = utc_day(self.from_at + timedelta(days=1, microseconds=-1))
        after = utc_day(min(self.to_at, self.read_at))
        return (first, after) if first < after else (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    """What usage_reports said that a type cost on one UTC day; exact to so many `decimals` only."""

    day: date
    cost: Money
    decimals: int = MAX_DECIMALS


def add_sweep(connection: Connection, sweep: Sweep) -> int:
    """Insert a sweep that is not known yet. Returns its id."""
    known = _find(connection, sweep)
    if known is not None:
        return known
    first_day, after_day = sweep.whole_days()
    values = {
        "record_type": sweep.record_type,
        "query_form": sweep.query_form,
        "account_key": sweep.account_key,
        "from_at": sweep.from_at,
        "to_at": sweep.to_at,
        "read_at": sweep.read_at,
        "total_results": sweep.total_results,
        "held_count": None,
        "is_proven": False,
        "is_applied": False,
        "may_have_closed": False,
        "is_counted": sweep.is_counted,
        "first_day": first_day,
        "after_day": after_day,
    }
    new_id: int = connection.execute(insert(tables.sweeps).returning(tables.sweeps.c.id), values).scalar_one()
    if sweep.total_results > 0:
        mark_proven_by(connection, sweep.query_form, sweep.account_key, sweep.read_at)
    return new_id


def add_usage(
    connection: Connection, record_type: str, days: Iterable[UsageDay], read_at: datetime, account_key: str
) -> None:
    """Insert what usage_reports said; what is known already changes nothing."""
    table = tables.usage_days
    query = select(table.c.day, table.c.currency, table.c.cost_nanos).where(
        table.c.record_type == record_type, table.c.read_at == read_at, table.c.account_key == account_key
    )
    known = {tuple(row) for row in connection.execute(query)}
    told = {(day.day, day.cost.currency, day.cost.nanos): day.decimals for day in days}
    new = {key: decimals for key, decimals in told.items() if key not in known}
    rows = [
        {
            "record_type": record_type,
            "day": day,
            "currency": currency,
            "cost_nanos": cost_nanos,
            "decimals": decimals,
            "read_at": read_at,
            "account_key": account_key,
        }
        for (day, currency, cost_nanos), decimals in sorted(new.items())
    ]
    insert_rows(connection, table, rows)
    if new:
        first, after = start_of_day(min(new)[0]), start_of_day(max(new)[0]) + timedelta(days=1)
        mark_reported(connection, record_type, first, after)


def _find(connection: Connection, sweep: Sweep) -> int | None:
    table = tables.sweeps
    query = select(table.c.id).where(
        table.c.record_type == sweep.record_type,
        table.c.query_form == sweep.query_form,
        table.c.account_key == sweep.account_key,
        table.c.from_at == sweep.from_at,
        table.c.to_at == sweep.to_at,
        table.c.read_at == sweep.read_at,
        table.c.total_results == sweep.total_results,
    )
    return connection.execute(query).scalar()
