"""From where the records of one type and UTC day are booked: the first claim stands, whoever else comes."""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, func, select

from services.common.statements import insert_missing
from services.ledger import tables

Source = Literal["detail_records", "report", "report_without_ids"]

DETAIL_RECORDS: Source = "detail_records"
"""The Detail Records API: what everything comes from that no report has brought."""


def claim_day(connection: Connection, record_type: str, day: date, source: Source, now: datetime) -> Source:
    """Claim a day for a source; returns the source whose claim stands.

    A report claims before its rows are booked. So where there are records and no claim, they came from the Detail
    Records API, and the claim is its.
    """
    table = tables.day_sources
    first = DETAIL_RECORDS if source != DETAIL_RECORDS and _holds(connection, record_type, day) else source
    claim = {"record_type": record_type, "day": day, "source": first, "claimed_at": now}
    insert_missing(connection, table, [claim])
    query = select(table.c.source).where(table.c.record_type == record_type, table.c.day == day)
    standing: Source = connection.execute(query).scalar_one()
    return standing


def _holds(connection: Connection, record_type: str, day: date) -> bool:
    table = tables.record_rollups
    query = select(func.sum(table.c.record_count)).where(
        table.c.record_type == record_type, table.c.day == day
    )
    return bool(connection.execute(query).scalar())


def sources_of_days(connection: Connection, first: date, after: date) -> dict[tuple[str, date], Source]:
    """The claims that stand for days from `first` until before `after`, by (record type, day)."""
    table = tables.day_sources
    query = select(table.c.record_type, table.c.day, table.c.source)
    rows = connection.execute(query.where(table.c.day >= first, table.c.day < after))
    return {(row.record_type, row.day): row.source for row in rows}
