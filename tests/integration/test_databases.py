"""The tests' own databases: both kinds work, are empty and apart, and copies carry their tables."""

import sqlite3

import psycopg

from tests.support.databases import DatabaseKind, Databases


def _execute(url: str, statement: str) -> list[tuple[object, ...]]:
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []
    file = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        rows = file.execute(statement).fetchall()
        file.commit()
        return rows
    finally:
        file.close()


def _migrate(url: str) -> None:
    _execute(url, "CREATE TABLE tolls (id INTEGER PRIMARY KEY)")


def test_a_database_is_empty_and_takes_tables(database_url: str) -> None:
    _migrate(database_url)
    assert _execute(database_url, "SELECT count(*) FROM tolls") == [(0,)]


def test_copies_of_a_template_do_not_see_each_other(
    database_kind: DatabaseKind, databases: Databases
) -> None:
    first = databases.copy_of(database_kind, "tolls", _migrate)
    _execute(first, "INSERT INTO tolls VALUES (1)")
    second = databases.copy_of(database_kind, "tolls", _migrate)
    assert _execute(first, "SELECT id FROM tolls") == [(1,)]
    assert _execute(second, "SELECT id FROM tolls") == []
    databases.drop(first)
    databases.drop(second)
