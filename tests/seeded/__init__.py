"""Bugs that are put in on purpose, one for each promise of docs/reliability.md: its test must fail."""
