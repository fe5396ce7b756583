"""Days as text, as SQLite keeps them anyway: thousands of dates need not be made to be written out again."""

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, String, func, literal_column, type_coerce

DayUnit = Literal["day", "week", "month"]

# Written out: PostgreSQL takes expressions with parameters for different ones where it groups by them.
_ISO: ColumnElement[str] = literal_column("'YYYY-MM-DD'")
_UTC: ColumnElement[str] = literal_column("'UTC'")
_LENGTH: ColumnElement[int] = literal_column("10")


def day_text(connection: Connection, day: ColumnElement[date], unit: DayUnit = "day") -> ColumnElement[str]:
    """A day as YYYY-MM-DD; of a week (from Monday) or a month the first."""
    if connection.dialect.name == "postgresql":
        return func.to_char(_first_day(day, unit), _ISO)
    return _first_day_text(type_coerce(day, String), unit)


def utc_day_text(
    connection: Connection,
    moment: ColumnElement[datetime] | ColumnElement[datetime | None],
    unit: DayUnit = "day",
) -> ColumnElement[str]:
    """The UTC day of a moment as YYYY-MM-DD; of its week or month the first."""
    if connection.dialect.name == "postgresql":
        return func.to_char(_first_day(func.timezone(_UTC, moment), unit), _ISO)
    return _first_day_text(func.substr(moment, literal_column("1"), _LENGTH, type_=String), unit)


def _first_day(moment: ColumnElement[Any], unit: DayUnit) -> ColumnElement[Any]:
    return moment if unit == "day" else func.date_trunc(literal_column(f"'{unit}'"), moment)


def _first_day_text(day: ColumnElement[str], unit: DayUnit) -> ColumnElement[str]:
    match unit:
        case "day":
            return day
        case "week":
            # The first Monday from six days before on.
            return func.date(day, literal_column("'-6 days'"), literal_column("'weekday 1'"), type_=String)
        case "month":
            return func.date(day, literal_column("'start of month'"), type_=String)
