"""The time of the sandbox: aware UTC datetimes, and the two text forms that Telnyx writes them in."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The real time; tests pass their own clock."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """RFC 3339 with microseconds, as webhooks carry it: `2026-07-01T09:45:02.123456Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_second_text(moment: datetime) -> str:
    """RFC 3339 in whole seconds, as detail records carry it: `2026-07-01T09:45:02Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """Read an RFC 3339 time or a bare date (its first second, UTC). Raises ValueError."""
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
