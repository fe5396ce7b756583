"""The journal: entries are the differences between what is derived and what is booked (rule 3.i)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EntryKind = Literal["estimate", "reversal", "exact", "adjustment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What the book says of a charge: its cost, and since when it is settled (None: still an estimate)."""

    cost_nanos: int
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line to append. The amounts of all entries of a charge add up to its cost."""

    kind: EntryKind
    amount_nanos: int
    cost_after_nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What to append for one charge, and what the book then says."""

    entries: tuple[Entry, ...]
    after: Booked


def post(booked: Booked | None, cost_nanos: int, can_settle: bool, now: datetime) -> Posting:
    """The entries that bring a charge from what is booked to what is derived; none when they agree."""
    before = booked or Booked(cost_nanos=0, settled_at=None)
    if before.settled_at is not None:
        return _change("adjustment", before, cost_nanos)
    if not can_settle:
        return _change("estimate", before, cost_nanos, is_first=booked is None)
    entries = []
    if before.cost_nanos:
        entries.append(Entry(kind="reversal", amount_nanos=-before.cost_nanos, cost_after_nanos=0))
    entries.append(Entry(kind="exact", amount_nanos=cost_nanos, cost_after_nanos=cost_nanos))
    return Posting(entries=tuple(entries), after=Booked(cost_nanos=cost_nanos, settled_at=now))


def post_away(booked: Booked) -> Posting:
    """The entries that bring a charge to 0 because its leg was merged into another, or its money moved (rule 3.b)."""
    return _change("adjustment" if booked.settled_at else "estimate", booked, 0)


def _change(kind: EntryKind, before: Booked, cost_nanos: int, is_first: bool = False) -> Posting:
    after = Booked(cost_nanos=cost_nanos, settled_at=before.settled_at)
    difference = cost_nanos - before.cost_nanos
    if difference == 0 and not is_first:
        return Posting(entries=(), after=after)
    entry = Entry(kind=kind, amount_nanos=difference, cost_after_nanos=cost_nanos)
    return Posting(entries=(entry,), after=after)
