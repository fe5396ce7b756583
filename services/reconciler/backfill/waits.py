"""How a backfill waits: with patience that a test can take away."""

from collections.abc import Awaitable, Callable

Pause = Callable[[float], Awaitable[object]]
"""Waits so many seconds."""
