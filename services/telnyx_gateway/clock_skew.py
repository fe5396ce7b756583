"""How far Telnyx's clock is from ours, by the header `Date` that comes with every answer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_HALF_A_SECOND = timedelta(seconds=0.5)


def read_clock_skew(
    headers: Mapping[str, str], asked_at: datetime, answered_at: datetime
) -> timedelta | None:
    """Telnyx's clock less ours: exact to half a second, and half the time that the answer took.

    The header has whole seconds, cut off; the answer was written somewhere between question and answer. None where
    there is no readable header.
    """
    try:
        told = parsedate_to_datetime(headers.get("date", ""))
        told_at = told.replace(tzinfo=UTC) if told.tzinfo is None else told
        return told_at + _HALF_A_SECOND - (asked_at + (answered_at - asked_at) / 2)
    except (ValueError, OverflowError):
        return None
