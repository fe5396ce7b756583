"""A large book, without the hours that it takes to fill one webhook by webhook: for benchmarks and browser checks.

It is written set-based into the tables of the first schema, which never changes, and then migrated as any old book is:
so it stays right whatever later migrations add. It has charges with their parts and entries, call legs, ids and
detail records, but no facts: what is derived on the spot (a call's own page) is not there.

The same size gives the same book. Numbers and ids are synthetic.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from services.common.database import Database, open_database
from services.common.migrations import migrate
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from tests.support.bulk_loading import hurried, without_indexes
from tests.support.large_book_sql import (
    CHARGES,
    POSTGRESQL_WORDS,
    RECORDS,
    SHORT_METADATA,
    SQLITE_WORDS,
    WHOLE_METADATA,
)

_FIRST_SCHEMA = "0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeBook:
    """How large: charges spread evenly over the `days` before `until`, on `number_count` of the account's numbers.

    Of 1000 charges 680 are calls, 318 messages, 2 records of neither. One in a hundred is still estimated: half of
    them the newest, half anywhere. A few of the oldest are in another currency.

    `has_records`: with the journal, call legs, ids and detail records too. Without them, and with short metadata, a
    book takes a third of the room, every list and sum of charges reads the same, and there is nothing to seal.
    """

    charge_count: int = 1_000_000
    days: int = 365
    until: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    number_count: int = 50
    has_records: bool = True

    def number(self, position: int) -> str:
        """One of the account's numbers."""
        return f"+12025550{100 + position}"


def fill_large_book(url: str, size: LargeBook) -> None:
    """Fill an empty database and bring it to the schema of today. What is half filled is of no use to anybody."""
    database = open_database(url)
    try:
        with hurried(database):
            migrate(database, MIGRATIONS, VERSION_TABLE, revision=_FIRST_SCHEMA)
            database.write(lambda connection: _fill(connection, database, size))
            migrate(database, MIGRATIONS, VERSION_TABLE)
    finally:
        database.close()


def _fill(connection: Connection, database: Database, size: LargeBook) -> None:
    words = dict(POSTGRESQL_WORDS if database.kind == "postgresql" else SQLITE_WORDS)
    words["metadata"] = (WHOLE_METADATA if size.has_records else SHORT_METADATA).replace(
        "{uuid}", words["uuid"]
    )
    start = size.until - timedelta(days=size.days)
    values = {
        "count": size.charge_count,
        "start_s": int(start.timestamp()),
        "span_s": size.days * 86_400,
        "number_count": size.number_count,
        "newest": size.charge_count - size.charge_count // 200,
    }
    statements = [*CHARGES, *(RECORDS if size.has_records else ()), "{sync}"]
    with without_indexes(connection, _FILLED):
        for statement in statements:
            sql = statement.format_map(words)
            connection.execute(
                text(sql), {name: value for name, value in values.items() if f":{name}" in sql}
            )


_FILLED = ("telnyx_billing", "billing_parts", "billing_entries", "detail_records", "telnyx_calls", "anchors")
