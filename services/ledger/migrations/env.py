"""Alembic's entry: runs the ledger's migrations on the connection that the service opened."""

from services.common.upgrade import run_environment
from services.ledger.tables import metadata

run_environment(metadata)
