"""Whether the book and usage_reports agree, day by day and product by product. Pure.

They are compared at the report's own decimals: the most with which the reports of a product in a currency were
written in the days that are looked at, and never fewer than two. (A report is JSON, where 12.50 is written 12.5: one
day alone does not tell how fine it is.) Equal means that the book, rounded to these decimals half up, half even or
truncated, is what the report says: Telnyx does not say how it rounds.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from services.common.money import Money
from services.common.times import format_rfc3339
from services.reconciler.audit.book_days import BookDay, day_window
from services.reconciler.audit.line import AuditLine, worded
from services.reconciler.audit.rounding import agrees, cancels
from services.reconciler.retention import KEPT
from services.reconciler.usage import PRODUCT_PREFIX
from services.telnyx_vocabulary.record_types import find_record_type

LEAST_DECIMALS: Final = 2
"""No bill is written coarser than in cents."""

DECIMALS_REACH: Final = timedelta(days=31)
"""How far before the audited days reports are looked at to learn how fine they are."""

_DAY: Final = timedelta(days=1)

AskedAt = Callable[[str, date], datetime | None]
"""When Telnyx last answered about a type (or "usage:<product>") and day; None: never, as far as this process knows."""


@dataclass(frozen=True, slots=True)
class AuditTerms:
    """What "too early to tell" means: `horizon` after the end of a day everything had time to arrive."""

    now: datetime
    horizon: timedelta

    def closes_at(self, day: date) -> datetime:
        """From when on a difference of this day is one."""
        return day_window(day).end_at + self.horizon


@dataclass(frozen=True, slots=True)
class Readings:
    """What is known of readings beside what the book tells.

    `asked_at`: of usage_reports, also where they had no row. `reread_at`: when a whole day of detail records began to
    be read anew for an audit. `refused`: record types that Telnyx refuses to list.
    """

    asked_at: AskedAt
    reread_at: AskedAt
    refused: Collection[str] = ()


def judge(days: Iterable[BookDay], readings: Readings, terms: AuditTerms) -> list[AuditLine]:
    """A line for each day that has any money to compare, in no particular order."""
    groups: dict[tuple[str, str], list[BookDay]] = {}
    for day in days:
        if _has_something(day):
            groups.setdefault((day.record_type, day.book.currency), []).append(day)
    return [line for group in groups.values() for line in _judge_group(group, readings, terms)]


def _has_something(day: BookDay) -> bool:
    """Types without money are not audited, nor is 0 against 0 where nothing happened."""
    known = find_record_type(day.record_type)
    if known is not None and not known.has_money:
        return False
    is_reported = day.reported is not None and day.reported.nanos != 0
    return is_reported or (known is not None and bool(day.record_count or day.open_count or day.book.nanos))


def _judge_group(days: Sequence[BookDay], readings: Readings, terms: AuditTerms) -> list[AuditLine]:
    """The days of one type and currency."""
    decimals = max([LEAST_DECIMALS, *(day.reported_decimals for day in days if day.reported is not None)])
    ordered = sorted(days, key=lambda day: day.day)
    partners = _boundary_pairs(ordered, decimals)
    lines = []
    for day in ordered:
        line = _line(day, decimals)
        partner = partners.get(day.day)
        if partner is not None and line.record_type:
            lines.append(replace(line, verdict="day_boundary", reason=_boundary_reason(partner)))
        else:
            lines.append(_judged(line, readings, terms))
    return lines


def _boundary_pairs(days: Sequence[BookDay], decimals: int) -> dict[date, BookDay]:
    """Each day whose difference cancels with that of a neighbour, and the neighbour: paired from the oldest on."""
    pairs: dict[date, BookDay] = {}
    for one, other in pairwise(days):
        if one.day in pairs or other.day - one.day != _DAY or one.reported is None or other.reported is None:
            continue
        mine, theirs = (one.book.nanos, one.reported.nanos), (other.book.nanos, other.reported.nanos)
        if not agrees(*mine, decimals) and not agrees(*theirs, decimals) and cancels(mine, theirs, decimals):
            pairs[one.day], pairs[other.day] = other, one
    return pairs


def _line(day: BookDay, decimals: int) -> AuditLine:
    known = find_record_type(day.record_type)
    return AuditLine(
        day=day.day,
        record_type=known.name if known else "",
        product=known.product if known else day.record_type.removeprefix(PRODUCT_PREFIX),
        verdict="equal",
        book=day.book,
        reported=day.reported,
        decimals=decimals if day.reported is not None else 0,
        reported_at=day.reported_at,
        record_count=day.record_count,
        open_count=day.open_count,
        source=day.source,
        is_complete=day.is_complete,
    )


def _judged(line: AuditLine, readings: Readings, terms: AuditTerms) -> AuditLine:
    if not line.record_type:
        reason = f"usage_reports show a cost of {line.product}, and Tollbook knows no record type of it"
        return replace(line, verdict="not_read", reason=reason)
    if line.reported is not None and agrees(line.book.nanos, line.reported.nanos, line.decimals):
        return line
    asked_at = readings.asked_at(line.record_type, line.day)
    waits_for = _waits_for(line, max(filter(None, (line.reported_at, asked_at)), default=None), terms)
    if waits_for:
        return replace(line, verdict="open", reason=waits_for)
    if line.reported is None and line.book.nanos == 0:
        return line
    if _is_unread(line, readings, terms):
        reason = f"{difference_reason(line)}; the detail records of the whole day have not been read yet"
        return replace(line, verdict="open", is_unread=True, reason=reason)
    return replace(line, verdict="different", reason=difference_reason(line))


def _is_unread(line: AuditLine, readings: Readings, terms: AuditTerms) -> bool:
    """No reading of the whole day has come to rest, and one is still to come: by the sweeps, or by an audit."""
    return (
        not line.is_complete
        and readings.reread_at(line.record_type, line.day) is None
        and line.record_type not in readings.refused
        and terms.now - KEPT <= day_window(line.day).start_at
    )


def _waits_for(line: AuditLine, spoken_at: datetime | None, terms: AuditTerms) -> str:
    """Why it is too early to tell, as a sentence; empty where it is not."""
    closes_at = terms.closes_at(line.day)
    if terms.now < day_window(line.day).end_at:
        return "the day is not over yet"
    if terms.now < closes_at:
        return f"records of this day may still come until {format_rfc3339(closes_at)}"
    if line.open_count:
        return f"calls and messages of this day that still wait for such a record: {line.open_count}"
    if spoken_at is None:
        return "usage_reports have not spoken about this day"
    if spoken_at < closes_at:
        return "usage_reports were last read before everything had time to arrive"
    return ""


def difference_reason(line: AuditLine) -> str:
    """By how much the book and the report differ, as a sentence."""
    difference = line.difference_nanos
    if difference is None:
        return f"the book has {worded(line.book)}, and usage_reports have no readable row for this day"
    amount = worded(Money(line.book.currency, abs(difference)))
    return f"the book has {amount} {'more' if difference > 0 else 'less'} than usage_reports"


def _boundary_reason(partner: BookDay) -> str:
    return f"the difference cancels with that of {partner.day}: Telnyx counts a record for the other day"
