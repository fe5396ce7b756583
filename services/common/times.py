"""Reading and writing points in time: aware, UTC, to the microsecond."""

import re
from datetime import UTC, date, datetime, time, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_PER_DAY = 86_400
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,12}))?(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?", re.ASCII
)


class UnreadableTime(ValueError):
    """The text is not a point in time; the message says why."""


def parse_rfc3339(text: object) -> datetime:
    """A point in time from RFC 3339 text; a missing zone counts as UTC, as Telnyx means it.

    Digits beyond the microsecond are cut off. Raises UnreadableTime.
    """
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnreadableTime(f"not an RFC 3339 time: {str(text)[:40]!r}")
    zone = match["zone"] or "Z"
    fraction = (match[3] or "")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}.{fraction}{zone.upper()}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableTime(f"not a time that exists: {str(text)[:40]!r}") from error


def names_zone(text: str) -> bool:
    """Whether the text of a time says in which zone it is."""
    match = _RFC3339.fullmatch(text)
    return match is not None and match["zone"] is not None


def format_rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with a `Z`; microseconds only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_micros(moment: datetime) -> int:
    """Whole microseconds since the epoch, exactly."""
    since = moment - EPOCH
    return (since.days * _SECONDS_PER_DAY + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The inverse of to_micros."""
    return EPOCH + timedelta(microseconds=micros)


def utc_day(moment: datetime) -> date:
    """The UTC day on which a moment falls; days are UTC days everywhere in Tollbook."""
    return moment.astimezone(UTC).date()


def start_of_day(day: date) -> datetime:
    """The moment at which a UTC day begins."""
    return datetime.combine(day, time(), UTC)
