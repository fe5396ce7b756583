"""Set-based writing: many rows in one statement, the same on both stores."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

Values = dict[str, Any]


def has_many_writers(connection: Connection) -> bool:
    """Whether others may write meanwhile: on PostgreSQL yes, and locks are needed; SQLite has one writer."""
    return connection.dialect.name == "postgresql"


def insert_returning_ids(
    connection: Connection, table: Table, rows: Sequence[Values], key: Sequence[str]
) -> list[int]:
    """Insert rows and return their ids in the order of the rows; `key` names the columns that tell them apart.

    To have the store keep the order would cost one statement for each row on SQLite.
    """
    if not rows:
        return []
    statement = insert(table).returning(table.c.id, *(table.c[name] for name in key))
    ids = {tuple(given): row_id for row_id, *given in connection.execute(statement, list(rows))}
    return [ids[tuple(row[name] for name in key)] for row in rows]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, if there are any."""
    if rows:
        connection.execute(insert(table), list(rows))


def update_by_id(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Update rows by their `id`; all rows must set the same columns."""
    if not rows:
        return
    columns = [name for name in rows[0] if name != "id"]
    statement = (
        update(table)
        .where(table.c.id == bindparam("the_id"))
        .values({name: bindparam(f"to_{name}", type_=table.c[name].type) for name in columns})
    )
    connection.execute(
        statement, [{"the_id": row["id"], **{f"to_{name}": row[name] for name in columns}} for row in rows]
    )


def add_to_sums(connection: Connection, table: Table, rows: Sequence[Values], sums: Sequence[str]) -> None:
    """Add to the running sums of rows with the same key, in key order; new keys start there."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    in_order = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    added = {name: table.c[name] + statement.excluded[name] for name in sums}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), in_order)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, but none of which the table has one with the same key, whoever wrote it."""
    if rows:
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(make(table).on_conflict_do_nothing(), list(rows))
