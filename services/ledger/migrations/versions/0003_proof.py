"""What the book needs to prove itself: the account's balance and charges, faults of facts, days that are complete.

Revision ID: 0003
"""

from collections.abc import Iterator
from datetime import UTC, date
from itertools import islice
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from services.common.columns import BigKey, UtcDateTime
from services.common.money import Money
from services.ledger.faults import OTHER_CONTENT, fault_of, future_faults, money_faults
from services.ledger.unreadable import tells_of_amount

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ACCOUNT_CURRENCY = "USD"
_CHUNK = 1000

_BALANCES = ("balance_nanos", "pending_nanos", "credit_limit_nanos", "available_credit_nanos")
_CHARGES = (
    *("new_monthly_nanos", "existing_monthly_nanos", "new_one_time_nanos", "credits_nanos"),
    *("ledger_adjustments_nanos", "other_nanos", "grand_total_nanos"),
)

# Facts are kept as MessagePack: a field "unreadable" that is not the empty list, and a field "cost" that is nil.
_NO_SENTENCE = "aa756e7265616461626c6590"
_NO_COST = "a4636f7374c0"

_WHOLE_DAYS = {
    "sqlite": """
        first_day = CASE WHEN substr(from_at, 12) = '00:00:00.000000' THEN date(from_at)
            ELSE date(from_at, '+1 day') END,
        after_day = date(MIN(to_at, read_at))
    """,
    "postgresql": """
        first_day = CASE WHEN from_at = date_trunc('day', from_at, 'UTC') THEN (from_at AT TIME ZONE 'UTC')::date
            ELSE (from_at AT TIME ZONE 'UTC')::date + 1 END,
        after_day = (LEAST(to_at, read_at) AT TIME ZONE 'UTC')::date
    """,
}
_A_DAY_AT_LEAST = {
    "sqlite": "julianday(to_at) - julianday(from_at) > 0.99",
    "postgresql": "to_at - from_at >= interval '1 day'",
}
_MAYBE_FUTURE = {
    "sqlite": "julianday({later}) - julianday({earlier}) > 0.99",
    "postgresql": "{later} - {earlier} > interval '23 hours'",
}


def upgrade() -> None:
    """Create the tables, add the columns, tell the faults of the facts that are there, and index what is asked."""
    _create_tables()
    _add_columns()
    kind = op.get_bind().dialect.name
    _tell_whole_days(kind)
    _create_indexes()
    _tell_event_faults(kind)
    _tell_record_faults(kind)
    _count_unreadable()


def _create_tables() -> None:
    op.create_table(
        "balance_snapshots",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _BALANCES),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("read_at", "currency", *_BALANCES),
    )
    op.create_table(
        "account_charges",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _CHARGES),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("day", "read_at", "currency", *_CHARGES),
    )
    op.create_table(
        "day_sources",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("record_type", "day"),
    )
    op.create_index("ix_day_sources_day", "day_sources", ["day"])


def _add_columns() -> None:
    for table in ("events", "detail_records"):
        op.add_column(table, sa.Column("fault", sa.String(), nullable=False, server_default=""))
        op.add_column(
            table, sa.Column("is_unreadable", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.add_column("sweeps", sa.Column("is_counted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("sweeps", sa.Column("first_day", sa.Date(), nullable=True))
    op.add_column("sweeps", sa.Column("after_day", sa.Date(), nullable=True))
    op.add_column(
        "record_rollups", sa.Column("unreadable_count", sa.BigInteger(), nullable=False, server_default="0")
    )
    # How many decimals the old readings had nobody knows: as if they had all, nothing is equal that may not be.
    op.add_column("usage_days", sa.Column("decimals", sa.Integer(), nullable=False, server_default="9"))


def _tell_whole_days(kind: str) -> None:
    op.execute(f"UPDATE sweeps SET {_WHOLE_DAYS[kind]} WHERE {_A_DAY_AT_LEAST[kind]}")  # noqa: S608
    op.execute("UPDATE sweeps SET first_day = NULL, after_day = NULL WHERE first_day >= after_day")


def _create_indexes() -> None:
    for name, table, columns, where in (
        ("ix_events_received", "events", ["received_at", "id"], None),
        ("ix_events_quarantined", "events", ["received_at", "cluster_id"], ("is_quarantined = 1", "is_quarantined")),
        ("ix_events_fault", "events", ["fault", "is_unreadable", "event_id"], ("fault <> ''", "fault <> ''")),
        (
            "ix_detail_records_fault",
            "detail_records",
            ["record_type", "fault", "is_unreadable", "record_id"],
            ("fault <> ''", "fault <> ''"),
        ),
        (
            "ix_sweeps_days",
            "sweeps",
            ["first_day", "after_day", "record_type", "read_at", "held_count", "total_results", "is_proven"],
            ("first_day IS NOT NULL", "first_day IS NOT NULL"),
        ),
        (
            "ix_telnyx_billing_settled",
            "telnyx_billing",
            ["record_type", "settled_at"],
            ("settled_at IS NOT NULL", "settled_at IS NOT NULL"),
        ),
        ("ix_usage_days_day", "usage_days", ["day", "record_type", "read_at"], None),
        ("ix_record_rollups_day", "record_rollups", ["day"], None),
    ):  # fmt: skip
        options: dict[str, Any] = {}
        if where:
            options = {"sqlite_where": sa.text(where[0]), "postgresql_where": sa.text(where[1])}
        op.create_index(name, table, columns, **options)
    op.drop_index("ix_detail_records_type_time", "detail_records")
    op.create_index(
        "ix_detail_records_type_time",
        "detail_records",
        ["record_type", "record_time", "first_observed_at", "record_id"],
    )


def _tell_event_faults(kind: str) -> None:
    """Only what may be at fault is decoded: of a sound book nothing."""
    maybe_future = _MAYBE_FUTURE[kind].format(later="occurred_at", earlier="received_at")
    repeated = "SELECT event_id FROM events GROUP BY event_id HAVING COUNT(*) > 1"
    of_ids = {row.event_id for row in op.get_bind().execute(sa.text(repeated))}
    query = sa.text(
        f"SELECT id, event_id, fact, occurred_at, received_at FROM events WHERE {_lacks(kind, _NO_SENTENCE)} "  # noqa: S608
        f"OR {maybe_future} OR event_id IN ({repeated})"
    ).columns(occurred_at=UtcDateTime(), received_at=UtcDateTime())
    changes = []
    for row in op.get_bind().execute(query):
        sentences = _sentences(row.fact)
        fault = fault_of(
            [
                *sentences,
                *future_faults("occurred_at", row.occurred_at, row.received_at),
                *([OTHER_CONTENT] if row.event_id in of_ids else []),
            ]
        )
        is_unreadable = any(map(tells_of_amount, sentences))
        changes.append({"of_id": row.id, "fault": fault, "is_unreadable": is_unreadable})
    _update("events", "id = :of_id", changes)


def _tell_record_faults(kind: str) -> None:
    changes = [
        {
            "of_type": row.record_type,
            "of_id": row.record_id,
            "fault": fault_of(_record_sentences(row)),
            "is_unreadable": _is_unreadable(row),
        }
        for row in _records_at_fault(kind)
    ]
    _update("detail_records", "record_type = :of_type AND record_id = :of_id", changes)


def _records_at_fault(kind: str) -> Iterator[Any]:
    """Each record that may be at fault, with the content of it that counts, if the book has any."""
    maybe_future = _MAYBE_FUTURE[kind].format(later="record.record_time", earlier="record.first_observed_at")
    changed = (
        "SELECT record_type, record_id FROM record_observations GROUP BY record_type, record_id "
        "HAVING COUNT(*) > 1"
    )
    unread = (
        "SELECT record_type, record_id FROM record_observations AS seen "  # noqa: S608
        f"WHERE {_lacks(kind, _NO_SENTENCE)} OR NOT {_lacks(kind, _NO_COST)} OR record_id LIKE 'sha256:%'"
    )
    query = f"""
        SELECT record.record_type, record.record_id, record.record_time, record.first_observed_at,
            record.currency, record.cost_nanos, seen.fact,
            CASE WHEN (record.record_type, record.record_id) IN ({changed}) THEN 1 ELSE 0 END AS is_changed
        FROM detail_records AS record LEFT JOIN record_observations AS seen
            ON seen.record_type = record.record_type AND seen.record_id = record.record_id
            AND NOT EXISTS (
                SELECT 1 FROM record_observations AS later
                WHERE later.record_type = seen.record_type AND later.record_id = seen.record_id
                AND (later.last_observed_at, later.digest) > (seen.last_observed_at, seen.digest)
            )
        WHERE record.cost_nanos < 0 OR record.currency <> '{_ACCOUNT_CURRENCY}' OR {maybe_future}
            OR (record.record_type, record.record_id) IN ({changed})
            OR (record.record_type, record.record_id) IN ({unread})
    """  # noqa: S608
    columns = {"record_time": UtcDateTime(), "first_observed_at": UtcDateTime()}
    yield from op.get_bind().execute(sa.text(query).columns(**columns))


def _record_sentences(row: Any) -> list[str]:
    sentences = _sentences(row.fact)
    if _is_unreadable(row) and not sentences:
        sentences.append("it has no amount")
    return [
        *sentences,
        *money_faults("cost", Money(row.currency, row.cost_nanos), _ACCOUNT_CURRENCY),
        *future_faults("record time", row.record_time, row.first_observed_at),
        *([OTHER_CONTENT] if row.is_changed else []),
    ]


def _is_unreadable(row: Any) -> bool:
    """As the rules have it (rule 3.j); of all types only `conference` has no money."""
    lacks_amount = row.fact is not None and msgspec.msgpack.decode(row.fact)["cost"] is None
    has_no_id: bool = row.record_id.startswith("sha256:")
    return (lacks_amount and row.record_type != "conference") or has_no_id


def _sentences(fact: bytes | None) -> list[str]:
    return list(msgspec.msgpack.decode(fact)["unreadable"]) if fact else []


def _lacks(kind: str, pattern: str) -> str:
    """Whether the bytes of a fact do not hold a pattern."""
    if kind == "postgresql":
        return f"position(decode('{pattern}', 'hex') IN fact) = 0"
    return f"instr(fact, x'{pattern}') = 0"


def _update(table: str, which: str, changes: list[dict[str, Any]]) -> None:
    statement = sa.text(
        f"UPDATE {table} SET fault = :fault, is_unreadable = :is_unreadable WHERE {which}"  # noqa: S608
    )
    left = iter(changes)
    while chunk := list(islice(left, _CHUNK)):
        op.get_bind().execute(statement, chunk)


def _count_unreadable() -> None:
    """Into one row of the sums of each type, day and currency; the slots are summed on read."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT record_type, currency, COALESCE(record_time, first_observed_at) AS at FROM detail_records "
        "WHERE fault <> '' AND is_unreadable"
    ).columns(at=UtcDateTime())
    counts: dict[tuple[str, date, str], int] = {}
    for row in connection.execute(query):
        key = (row.record_type, row.at.astimezone(UTC).date(), row.currency)
        counts[key] = counts.get(key, 0) + 1
    statement = sa.text(
        "UPDATE record_rollups SET unreadable_count = :count WHERE record_type = :type AND day = :day "
        "AND currency = :currency AND slot = (SELECT MIN(slot) FROM record_rollups AS same "
        "WHERE same.record_type = :type AND same.day = :day AND same.currency = :currency)"
    ).bindparams(sa.bindparam("day", type_=sa.Date()))
    for (record_type, day, currency), count in counts.items():
        connection.execute(statement, {"count": count, "type": record_type, "day": day, "currency": currency})
