"""Backups of a Tollbook whose databases are SQLite files: made while it runs, checked at both ends."""
