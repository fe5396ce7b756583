"""Rows written set-based come back as they were, whatever is in them, on both stores."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Date, LargeBinary, MetaData, String, Table, select

from services.common.columns import BigKey, JsonColumn, UtcDateTime
from services.common.database import Database, open_database
from services.common.statements import insert_rows, new_ids, update_by_id

_TOLLS = Table(
    "tolls",
    MetaData(),
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("name", String),
    Column("cost_nanos", BigInteger),
    Column("is_exact", Boolean),
    Column("at", UtcDateTime),
    Column("day", Date),
    Column("digest", LargeBinary),
    Column("parts", JsonColumn),
)
_TEXTS = (
    "",
    "NULL",
    "null",
    '"',
    "\\",
    '\\"',
    "{a,b}",
    "it's, a; 'toll'",
    "line\nand\ttab",
    "١é\U0001f4a9",
    "%s %(x)s",
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    opened.write(_TOLLS.metadata.create_all)
    yield opened
    opened.close()


def _row(number: int, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "cost_nanos": (-1) ** number * (2**62 + number),
        "is_exact": number % 2 == 0,
        "at": datetime(2026, 11, 22, 12, 0, number, 123456, tzinfo=UTC),
        "day": date(2026, 11, 22),
        "digest": bytes([0, 92, 34, 255, number]),
        "parts": [{"rate": number, "name": name}],
    }


def _held(database: Database) -> list[dict[str, Any]]:
    query = select(_TOLLS).order_by(_TOLLS.c.id)
    return database.read(lambda connection: [dict(row._mapping) for row in connection.execute(query)])


def test_what_was_written_comes_back(database: Database) -> None:
    rows = [_row(number, name) for number, name in enumerate(_TEXTS)]
    rows.append(dict.fromkeys(rows[0]))

    def write(connection: Any) -> None:
        ids = new_ids(connection, _TOLLS, len(rows))
        insert_rows(
            connection, _TOLLS, [{"id": row_id, **row} for row_id, row in zip(ids, rows, strict=True)]
        )

    database.write(write)
    held = _held(database)
    assert [{name: row[name] for name in rows[0]} for row in held] == rows


def test_an_update_changes_what_it_names_and_no_more(database: Database) -> None:
    rows = [{"id": number, **_row(number, name)} for number, name in enumerate(_TEXTS, 1)]
    database.write(lambda connection: insert_rows(connection, _TOLLS, rows))
    changes = [{"id": row["id"], "name": row["name"] + "\\,", "parts": None} for row in rows[1:]]
    database.write(lambda connection: update_by_id(connection, _TOLLS, changes))
    assert _held(database) == [
        rows[0],
        *(row | change for row, change in zip(rows[1:], changes, strict=True)),
    ]
