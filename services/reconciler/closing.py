"""Which windows can be closed: late enough, nothing more is expected to come (design, rule 3.n). Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.common.times import utc_day
from services.reconciler.day_closing import CLOSING_MARGIN
from services.reconciler.items import OpenItem
from services.reconciler.retention import KEPT
from services.reconciler.usage import MAX_USAGE_DAYS
from services.reconciler.windows import Pooled, Window, pool
from services.telnyx_vocabulary.record_types import find_record_type

Leaves = Callable[[str, Window], bool]
"""Whether what a lifetime misses of a type is not worth windows of its own."""


@dataclass(frozen=True, slots=True)
class ClosingNeed:
    """One item that a closing sweep of one type would help."""

    record_id: str
    window: Window


def closable_at(item: OpenItem, horizon: timedelta) -> datetime:
    """From when on a sweep can close what an item waits for."""
    return item.end_at + horizon


def closing_needs(
    items: Iterable[OpenItem], now: datetime, horizon: timedelta, leaves: Leaves | None = None
) -> dict[str, list[ClosingNeed]]:
    """By type, the items that a sweep read now would help; without those that it `leaves` to the closing of a day.

    Nor does one help where Telnyx may have dropped the records by now: that it shows none would prove nothing, and
    would yet make a call that waits cost 0.
    """
    needs: dict[str, list[ClosingNeed]] = {}
    for item in items:
        if closable_at(item, horizon) > now:
            continue
        need = ClosingNeed(item.record_id, item.lifetime.widened(CLOSING_MARGIN))
        if need.window.start_at < now - KEPT:
            continue
        for name in {*item.missing, *item.unclosed}:
            if find_record_type(name) is not None and not (leaves and leaves(name, item.lifetime)):
                needs.setdefault(name, []).append(need)
    return needs


def closing_windows(needs: Iterable[ClosingNeed], rows_per_s: float) -> list[Pooled[ClosingNeed]]:
    """The windows to read for these needs, newest first: each spans every need that it serves."""
    return pool(needs, lambda need: need.window, rows_per_s)[::-1]


def usage_days(needs: Iterable[ClosingNeed]) -> tuple[date, date] | None:
    """The UTC days (the last exclusive) on which usage_reports must show 0 for an empty window to prove something.

    None where they are more than one request can ask for.
    """
    spans = [need.window.widened(-CLOSING_MARGIN) for need in needs]
    first = min(utc_day(span.start_at) for span in spans)
    last = max(utc_day(span.end_at) for span in spans)
    return (first, last + timedelta(days=1)) if (last - first).days < MAX_USAGE_DAYS else None
