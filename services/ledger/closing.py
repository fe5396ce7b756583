"""When the silence of Telnyx may be believed: the sweeps that close a part (rule 3.n)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.common.times import utc_day
from services.ledger.facts import Facts, ProvenWindow, UsageReading

MARGIN = timedelta(hours=1)
"""A closing window must reach this far beyond the call on both sides."""

FORGOTTEN_AFTER = timedelta(hours=4)
"""A leg without a hang-up ends this long after its last fact (rule 3.g)."""

PROOF_PERIOD = timedelta(days=7)
"""An empty answer counts only if the same form of query has returned rows this recently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when a call or message lasted, as far as closing is concerned."""

    start_at: datetime
    end_at: datetime


def is_closed(record_type: str, span: Span, horizon: timedelta, facts: Facts) -> bool:
    """Whether a sweep has shown that no more records of this type will come for this span."""
    return any(
        window.record_type == record_type
        and _covers(window, span, horizon)
        and (window.is_proven or _is_unused(record_type, span, horizon, facts))
        for window in facts.windows
    )


def _covers(window: ProvenWindow, span: Span, horizon: timedelta) -> bool:
    return (
        window.from_at <= span.start_at - MARGIN
        and window.to_at >= span.end_at + MARGIN
        and window.read_at >= span.end_at + horizon
    )


def _is_unused(record_type: str, span: Span, horizon: timedelta, facts: Facts) -> bool:
    """usage_reports show 0 for every day that the span touches."""
    first, last = utc_day(span.start_at), utc_day(span.end_at)
    if (last - first).days > PROOF_PERIOD.days:
        return False
    readings: dict[date, list[UsageReading]] = defaultdict(list)
    for reading in facts.usage:
        if reading.record_type == record_type and first <= reading.day <= last:
            readings[reading.day].append(reading)
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return all(_shows_zero(readings[day], span.end_at + horizon) for day in days)


def _shows_zero(readings: Iterable[UsageReading], late_enough: datetime) -> bool:
    """Of each key the last word on a day is 0, and there is one.

    A 0 is a word only if it was read late enough by a key that has lately returned records; more than 0 always is. So
    what one key has seen cannot be denied by another's 0, but by its own later one.
    """
    last_words: dict[str, UsageReading] = {}
    for reading in sorted(readings, key=lambda reading: (reading.read_at, not reading.is_zero)):
        if not reading.is_zero or (reading.has_spoken and reading.read_at >= late_enough):
            last_words[reading.account_key] = reading
    return bool(last_words) and all(reading.is_zero for reading in last_words.values())
