"""Alembic migrations of the intake, which on SQLite is a database of its own."""
