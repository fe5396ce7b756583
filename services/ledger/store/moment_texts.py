"""Moments as text, as SQLite keeps them anyway: millions need not be made to be written out again."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, String, func, type_coerce

_RFC_3339 = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def rfc3339_text(connection: Connection, moment: ColumnElement[datetime]) -> ColumnElement[str]:
    """A moment as `format_rfc3339` writes it: in UTC, with microseconds only where there are any."""
    if connection.dialect.name == "postgresql":
        text: ColumnElement[str] = func.to_char(func.timezone("UTC", moment), _RFC_3339)
    else:
        text = func.replace(type_coerce(moment, String), " ", "T") + "Z"
    return func.replace(text, ".000000Z", "Z")
