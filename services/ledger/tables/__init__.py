"""The ledger's tables: facts, then what is derived from them, then sums."""

from sqlmodel import SQLModel

from services.ledger.tables.account import account_charges, balance_snapshots, day_sources
from services.ledger.tables.chain import journal_blocks
from services.ledger.tables.derived import billing, billing_entries, billing_parts, calls, open_items
from services.ledger.tables.facts import (
    anchors,
    clusters,
    detail_records,
    estimate_rates,
    events,
    observations,
    sweeps,
    usage_days,
)
from services.ledger.tables.rollups import day_rollups, number_rollups, part_rollups, record_rollups

__all__ = [
    "account_charges",
    "anchors",
    "balance_snapshots",
    "billing",
    "billing_entries",
    "billing_parts",
    "calls",
    "clusters",
    "day_rollups",
    "day_sources",
    "detail_records",
    "estimate_rates",
    "events",
    "journal_blocks",
    "metadata",
    "number_rollups",
    "observations",
    "open_items",
    "part_rollups",
    "record_rollups",
    "sweeps",
    "usage_days",
]

metadata = SQLModel.metadata
