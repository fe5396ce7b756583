"""Alembic's entry: runs the intake's migrations on the connection that the service opened."""

from services.common.upgrade import run_environment
from services.ledger.intake.tables import metadata

run_environment(metadata)
