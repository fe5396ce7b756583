"""The database's clock: what leases are measured by, so that no two processes disagree about one."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, or_, text

_LONGEST_LEASE: Final = timedelta(minutes=5)
"""Nobody takes one for as long."""


def database_now(connection: Connection) -> datetime:
    """The database's current time, not that of the transaction's start; to the millisecond on SQLite."""
    if connection.dialect.name == "sqlite":
        told = connection.execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(str(told)).replace(tzinfo=UTC)
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)


def has_run_out(lease_until: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Whether a lease is over. One that lasts for longer than any is of a clock that was set back since."""
    return or_(lease_until <= now, lease_until > now + _LONGEST_LEASE)
