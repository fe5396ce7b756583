"""Times in SQL, the same on both stores."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func


def seconds_between(
    connection: Connection, earlier: ColumnElement[Any], later: ColumnElement[Any]
) -> ColumnElement[Any]:
    """How long after one moment another was; exact to a millisecond."""
    if connection.dialect.name == "postgresql":
        return func.extract("epoch", later - earlier)
    return (func.julianday(later) - func.julianday(earlier)) * 86_400.0
