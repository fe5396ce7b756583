"""From the balance at the beginning of a period to that at its end, line by line.

By construction opening + lines = closing, to the nano: what no line accounts for is the last line.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from services.common.times import utc_day
from services.ledger.account_charges import AccountCharges
from services.ledger.balances import Snapshot

LineKind = Literal[
    "top_up", "usage", "monthly", "one_time", "credits", "adjustments", "taxes_and_fees", "unexplained"
]

_CREDIT_TOLERANCE = 20
"""A rise is a credit that charges_summary told if it differs from it by at most a twentieth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`nanos` as they move the balance: usage is below 0. `at`: of a top-up, the snapshot that showed it."""

    kind: LineKind
    nanos: int
    record_type: str = ""
    at: datetime | None = None
    is_inferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """The balance was higher than at the snapshot before. `used_nanos`: the usage booked between the two."""

    before: Snapshot
    after: Snapshot
    used_nanos: int = 0

    @property
    def paid_nanos(self) -> int:
        """What must have been paid in."""
        return self.after.balance_nanos - self.before.balance_nanos + self.used_nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFacts:
    """What a statement is made of, all of it in one currency and between two snapshots.

    `usage`: nanos by record type, by the records' own time. `charges`: of the days that began in between.
    """

    opening: Snapshot
    closing: Snapshot
    rises: Sequence[Rise]
    usage: Mapping[str, int]
    charges: Sequence[AccountCharges]


def rises_of(snapshots: Sequence[Snapshot]) -> list[Rise]:
    """Each time the balance rose from one snapshot to the next; oldest first."""
    return [
        Rise(before=before, after=after)
        for before, after in pairwise(snapshots)
        if after.balance_nanos > before.balance_nanos
    ]


def statement_lines(facts: StatementFacts) -> list[Line]:
    """Every line that is not 0, and at last what none of them explains."""
    lines = [
        *_top_ups(facts.rises, facts.charges),
        *(Line(kind="usage", nanos=-facts.usage[name], record_type=name) for name in sorted(facts.usage)),
        *_account_lines(facts.charges),
    ]
    told = [line for line in lines if line.nanos]
    moved = facts.closing.balance_nanos - facts.opening.balance_nanos
    rest = moved - sum(line.nanos for line in told)
    return [*told, Line(kind="unexplained", nanos=rest)]


def days_begun(opening_at: datetime, closing_at: datetime) -> tuple[date, date]:
    """[first, after): the UTC days that began after `opening_at` and not after `closing_at`.

    So each day belongs to one of two statements that follow each other.
    """
    return utc_day(opening_at) + timedelta(days=1), utc_day(closing_at) + timedelta(days=1)


def _account_lines(charges: Sequence[AccountCharges]) -> list[Line]:
    return [
        Line(
            kind="monthly", nanos=-sum(day.new_monthly_nanos + day.existing_monthly_nanos for day in charges)
        ),
        Line(kind="one_time", nanos=-sum(day.new_one_time_nanos for day in charges)),
        Line(kind="credits", nanos=sum(day.credit_sign * day.credits_nanos for day in charges)),
        Line(
            kind="adjustments", nanos=sum(day.credit_sign * day.ledger_adjustments_nanos for day in charges)
        ),
        Line(kind="taxes_and_fees", nanos=-sum(day.other_nanos for day in charges)),
    ]


def _top_ups(rises: Sequence[Rise], charges: Iterable[AccountCharges]) -> list[Line]:
    """The rises that no credit of the same day accounts for."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for place, rise in enumerate(rises):
        by_day[utc_day(rise.after.read_at)].append(place)
    told = set()
    for day in charges:
        for credit in (day.credits_nanos, day.ledger_adjustments_nanos):
            open_places = [place for place in by_day[day.day] if place not in told]
            told |= _shown_by(day.credit_sign * credit, rises, open_places)
    return [
        Line(kind="top_up", nanos=rise.paid_nanos, at=rise.after.read_at, is_inferred=True)
        for place, rise in enumerate(rises)
        if place not in told
    ]


def _shown_by(credit_nanos: int, rises: Sequence[Rise], places: Sequence[int]) -> set[int]:
    """The rise that shows a credit, if one does: its line is told by charges_summary already."""
    if credit_nanos <= 0 or not places:
        return set()
    nearest = min(places, key=lambda place: (abs(rises[place].paid_nanos - credit_nanos), place))
    is_near = abs(rises[nearest].paid_nanos - credit_nanos) * _CREDIT_TOLERANCE <= credit_nanos
    return {nearest} if is_near else set()


def with_usage(rise: Rise, used_nanos: int) -> Rise:
    """The same rise, with what was used meanwhile."""
    return replace(rise, used_nanos=used_nanos)
