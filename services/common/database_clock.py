"""The database's clock: what leases are measured by, so that no two processes disagree about one."""

from datetime import UTC, datetime

from sqlalchemy import Connection, text


def database_now(connection: Connection) -> datetime:
    """The database's current time, not that of the transaction's start; to the millisecond on SQLite."""
    if connection.dialect.name == "sqlite":
        told = connection.execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(str(told)).replace(tzinfo=UTC)
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)
