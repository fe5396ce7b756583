"""What charges_summary said of UTC days: every answer is kept, and the latest about a day counts."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, func, select

from services.common.statements import insert_missing
from services.ledger import tables
from services.ledger.account_charges import AMOUNTS, AccountCharges


def add_charges(connection: Connection, days: Iterable[AccountCharges]) -> None:
    """Insert the answers that are not known yet."""
    rows = [
        {
            "day": day.day,
            "read_at": day.read_at,
            "currency": day.currency,
            **{f"{name}_nanos": getattr(day, f"{name}_nanos") for name in AMOUNTS},
        }
        for day in days
    ]
    insert_missing(connection, tables.account_charges, rows)


def list_charges_of_days(connection: Connection, from_day: date, to_day: date) -> list[AccountCharges]:
    """The latest answer about each UTC day from `from_day` until before `to_day`, in order of the days."""
    table = tables.account_charges
    within = (table.c.day >= from_day, table.c.day < to_day)
    amounts = [table.c[f"{name}_nanos"] for name in AMOUNTS]
    latest = select(table.c.day, func.max(table.c.read_at).label("read_at")).where(*within)
    last = latest.group_by(table.c.day).subquery("last")
    query = (
        select(table)
        .join(last, (table.c.day == last.c.day) & (table.c.read_at == last.c.read_at))
        # Two answers of one moment are a fault of the caller; whichever counts must not depend on their order.
        .order_by(table.c.day, table.c.currency, *amounts)
    )
    by_day: dict[date, AccountCharges] = {}
    for row in connection.execute(query):
        told: dict[str, int] = {f"{name}_nanos": row._mapping[f"{name}_nanos"] for name in AMOUNTS}
        by_day[row.day] = AccountCharges(day=row.day, read_at=row.read_at, currency=row.currency, **told)
    return list(by_day.values())
