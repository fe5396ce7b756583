"""Days as text, as SQLite keeps them anyway: thousands of dates need not be made to be written out again."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, String, func, literal_column, type_coerce

# Written out: PostgreSQL takes expressions with parameters for different ones where it groups by them.
_ISO: ColumnElement[str] = literal_column("'YYYY-MM-DD'")
_UTC: ColumnElement[str] = literal_column("'UTC'")
_LENGTH: ColumnElement[int] = literal_column("10")


def day_text(connection: Connection, day: ColumnElement[date]) -> ColumnElement[str]:
    """A day as YYYY-MM-DD."""
    return func.to_char(day, _ISO) if connection.dialect.name == "postgresql" else type_coerce(day, String)


def utc_day_text(
    connection: Connection, moment: ColumnElement[datetime] | ColumnElement[datetime | None]
) -> ColumnElement[str]:
    """The UTC day of a moment as YYYY-MM-DD."""
    if connection.dialect.name == "postgresql":
        return func.to_char(func.timezone(_UTC, moment), _ISO)
    return func.substr(moment, literal_column("1"), _LENGTH, type_=String)
