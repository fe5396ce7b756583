"""Alembic migrations of the reconciler's tables."""

from pathlib import Path

SCRIPT_LOCATION = Path(__file__).parent
VERSION_TABLE = "reconciler_schema_version"
"""Of its own, so that the ledger and the reconciler can share one database."""
