"""The first book: facts, charges, journal, sums.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from services.common.columns import BigKey, JsonColumn, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table of the ledger."""

    op.create_table(
        "anchors",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("anchor"),
    )
    op.create_index(op.f("ix_anchors_cluster_id"), "anchors", ["cluster_id"], unique=False)
    op.create_table(
        "billing_entries",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("billing_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_after_nanos", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_billing_entries_billing_id"), "billing_entries", ["billing_id"], unique=False)
    op.create_table(
        "billing_parts",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("billing_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.String(), nullable=False),
        sa.Column("billed_seconds", sa.BigInteger(), nullable=True),
        sa.Column("call_seconds", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_billing_parts_billing_id"), "billing_parts", ["billing_id"], unique=False)
    op.create_table(
        "charge_rollups",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("phone_number", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("exact_nanos", sa.BigInteger(), nullable=False),
        sa.Column("charge_count", sa.BigInteger(), nullable=False),
        sa.Column("exact_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "phone_number", "record_type", "currency", "slot"),
    )
    op.create_table(
        "clusters", sa.Column("id", BigKey, autoincrement=True, nullable=False), sa.PrimaryKeyConstraint("id")
    )
    op.create_table(
        "detail_records",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.Column("record_time", UtcDateTime(), nullable=True),
        sa.Column("first_observed_at", UtcDateTime(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("home_kind", sa.String(), nullable=False),
        sa.Column("home_record_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_type", "record_id"),
    )
    op.create_index(op.f("ix_detail_records_cluster_id"), "detail_records", ["cluster_id"], unique=False)
    op.create_index("ix_detail_records_record_id", "detail_records", ["record_id"], unique=False)
    op.create_index(
        "ix_detail_records_type_time", "detail_records", ["record_type", "record_time"], unique=False
    )
    op.create_table(
        "estimate_rates",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.Column("nanos_per_minute", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("booked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index(op.f("ix_estimate_rates_cluster_id"), "estimate_rates", ["cluster_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=True),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("is_quarantined", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("fact", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_id", "digest"),
    )
    op.create_index(op.f("ix_events_cluster_id"), "events", ["cluster_id"], unique=False)
    op.create_table(
        "open_items",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("call_control_id", sa.String(), nullable=False),
        sa.Column("leg_id", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("open_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.Column("missing", JsonColumn, nullable=False),
        sa.Column("unclosed", JsonColumn, nullable=False),
        sa.Column("unreadable", JsonColumn, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_id", "record_type"),
    )
    op.create_index("ix_open_items_changed", "open_items", ["changed_at", "id"], unique=False)
    op.create_index("ix_open_items_span", "open_items", ["started_at", "ended_at"], unique=False)
    op.create_index(op.f("ix_open_items_cluster_id"), "open_items", ["cluster_id"], unique=False)
    op.create_table(
        "record_observations",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.Column("first_observed_at", UtcDateTime(), nullable=False),
        sa.Column("last_observed_at", UtcDateTime(), nullable=False),
        sa.Column("fact", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_type", "record_id", "digest"),
    )
    op.create_index(
        op.f("ix_record_observations_cluster_id"), "record_observations", ["cluster_id"], unique=False
    )
    op.create_table(
        "record_rollups",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("record_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_type", "day", "currency", "slot"),
    )
    op.create_table(
        "sweeps",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("query_form", sa.String(), nullable=False),
        sa.Column("account_key", sa.String(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("to_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("total_results", sa.BigInteger(), nullable=False),
        sa.Column("held_count", sa.BigInteger(), nullable=True),
        sa.Column("is_proven", sa.Boolean(), nullable=False),
        sa.Column("is_applied", sa.Boolean(), nullable=False),
        sa.Column("may_have_closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "record_type", "query_form", "account_key", "from_at", "to_at", "read_at", "total_results"
        ),
    )
    op.create_index("ix_sweeps_form_read", "sweeps", ["query_form", "read_at"], unique=False)
    op.create_index("ix_sweeps_read", "sweeps", ["read_at", "id"], unique=False)
    op.create_index("ix_sweeps_type_read", "sweeps", ["record_type", "read_at", "id"], unique=False)
    op.create_index(
        "ix_sweeps_unapplied",
        "sweeps",
        ["id"],
        unique=False,
        sqlite_where=sa.text("is_applied = 0"),
        postgresql_where=sa.text("NOT is_applied"),
    )
    op.create_table(
        "telnyx_billing",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_number", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column(
            "cost",
            sa.Numeric(precision=28, scale=9),
            sa.Computed("cost_nanos / 1000000000.000000000", persisted=True),
            nullable=True,
        ),
        sa.Column("billing_date", UtcDateTime(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("metadata", JsonColumn, nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_type", "record_id", "currency"),
    )
    op.create_index(op.f("ix_telnyx_billing_cluster_id"), "telnyx_billing", ["cluster_id"], unique=False)
    op.create_index("ix_telnyx_billing_date", "telnyx_billing", ["billing_date", "id"], unique=False)
    op.create_index(
        "ix_telnyx_billing_number", "telnyx_billing", ["phone_number", "billing_date", "id"], unique=False
    )
    op.create_table(
        "telnyx_calls",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("telnyx_call_id", sa.String(), nullable=False),
        sa.Column("telnyx_session_id", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.Column("call_control_id", sa.String(), nullable=False),
        sa.Column("call_leg_id", sa.String(), nullable=False),
        sa.Column("from_number", sa.String(), nullable=False),
        sa.Column("to_number", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column(
            "cost",
            sa.Numeric(precision=28, scale=9),
            sa.Computed("cost_nanos / 1000000000.000000000", persisted=True),
            nullable=True,
        ),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("hangup_cause", sa.String(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("telnyx_call_id"),
    )
    op.create_index(op.f("ix_telnyx_calls_cluster_id"), "telnyx_calls", ["cluster_id"], unique=False)
    op.create_index(op.f("ix_telnyx_calls_started_at"), "telnyx_calls", ["started_at"], unique=False)
    op.create_index(
        op.f("ix_telnyx_calls_telnyx_session_id"), "telnyx_calls", ["telnyx_session_id"], unique=False
    )
    op.create_table(
        "usage_days",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("account_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_type", "day", "currency", "cost_nanos", "read_at", "account_key"),
    )
    op.create_index("ix_usage_days_account_read", "usage_days", ["account_key", "read_at"], unique=False)
