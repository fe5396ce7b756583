"""When the silence of Telnyx may be believed: the sweeps that close a part (rule 3.n)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.common.times import utc_day
from services.ledger.facts import Facts, ProvenWindow

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
    """usage_reports, read late enough, shows 0 for every day that the span touches."""
    unused = {
        report.day
        for report in facts.unused_days
        if report.record_type == record_type and report.read_at >= span.end_at + horizon
    }
    day, last = utc_day(span.start_at), utc_day(span.end_at)
    if (last - day).days > PROOF_PERIOD.days:
        return False
    days = {day + timedelta(days=offset) for offset in range((last - day).days + 1)}
    return days <= unused
