"""Alembic's entry: runs the reconciler's migrations on the connection that the service opened."""

from services.common.upgrade import run_environment
from services.reconciler.tables import metadata

run_environment(metadata)
