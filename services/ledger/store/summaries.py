"""Sums over charges: whole days from the rollups, the broken days at both ends and what a text finds from charges."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from services.common.times import start_of_day, utc_day
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.sum_rows import Grouping, SumRow, sums_of_charges, sums_of_days
from services.ledger.store.text_search import Sought, seek

_ONE_DAY = timedelta(days=1)

Kind = Literal["call", "sms", "other"]


@dataclass(slots=True)
class Totals:
    """Sums in one currency, in nanos. `by_kind` has call, sms and other."""

    total_nanos: int = 0
    exact_nanos: int = 0
    count: int = 0
    exact_count: int = 0
    by_kind: dict[str, int] = field(default_factory=lambda: {"call": 0, "sms": 0, "other": 0})

    def add(self, kind: str, nanos: int, exact_nanos: int, count: int, exact_count: int) -> None:
        self.total_nanos += nanos
        self.exact_nanos += exact_nanos
        self.count += count
        self.exact_count += exact_count
        self.by_kind[kind] += nanos

    def add_all(self, other: "Totals") -> None:
        self.total_nanos += other.total_nanos
        self.exact_nanos += other.exact_nanos
        self.count += other.count
        self.exact_count += other.exact_count
        for kind, nanos in other.by_kind.items():
            self.by_kind[kind] += nanos


GroupKey = tuple[str, str]
"""The day, number, record type or part; and the part, when grouped by day (week, month) and part. Both "" without
grouping.
"""

Sums = dict[GroupKey, dict[str, Totals]]
"""Totals by group, then by currency."""


def summarize(connection: Connection, wanted: ChargeFilter, grouping: Grouping | None) -> Sums:
    """Sums over every charge that matches, by group. Raises InvalidInput as `seek` does."""
    sums: Any = defaultdict(lambda: defaultdict(Totals))
    for sought in seek(connection, wanted):
        for row in _rows(connection, sought, grouping):
            totals = sums[_key(row, grouping)][row.currency]
            kind = row.record_type.partition("_")[0]
            nanos, exact_nanos, count, exact_count = row.sums
            match wanted.status:
                case "exact":
                    totals.add(kind, exact_nanos, exact_nanos, exact_count, exact_count)
                case "estimated":
                    totals.add(kind, nanos - exact_nanos, 0, count - exact_count, 0)
                case None:
                    totals.add(kind, nanos, exact_nanos, count, exact_count)
    return _without_empty(sums)


def _key(row: SumRow, grouping: Grouping | None) -> GroupKey:
    match grouping:
        case "day":
            return row.day, ""
        case "number":
            return row.phone_number, ""
        case "recordType":
            return row.record_type, ""
        case "part":
            return row.part, ""
        case "dayAndPart" | "weekAndPart" | "monthAndPart":
            return row.day, row.part
        case None:
            return "", ""


def _rows(connection: Connection, sought: Sought, grouping: Grouping | None) -> Iterator[SumRow]:
    wanted = sought.wanted
    if not sought.is_counted:
        yield from sums_of_charges(connection, sought, grouping)
        return
    first_whole = _first_whole_day(wanted.from_at)
    after_whole = utc_day(wanted.to_at) if wanted.to_at is not None else None
    if first_whole is not None and after_whole is not None and first_whole > after_whole:
        yield from sums_of_charges(connection, sought, grouping)
        return
    if wanted.from_at is not None and first_whole is not None and start_of_day(first_whole) > wanted.from_at:
        head = replace(wanted, to_at=start_of_day(first_whole))
        yield from sums_of_charges(connection, Sought(wanted=head), grouping)
    yield from sums_of_days(connection, wanted, grouping, first_whole, after_whole)
    if wanted.to_at is not None and after_whole is not None and wanted.to_at > start_of_day(after_whole):
        tail = replace(wanted, from_at=start_of_day(after_whole))
        yield from sums_of_charges(connection, Sought(wanted=tail), grouping)


def _first_whole_day(from_at: datetime | None) -> date | None:
    if from_at is None:
        return None
    day = utc_day(from_at)
    return day if start_of_day(day) == from_at or day == date.max else day + _ONE_DAY


def _without_empty(sums: Any) -> Sums:
    kept = {
        key: {currency: totals for currency, totals in of_key.items() if totals.count or totals.total_nanos}
        for key, of_key in sums.items()
    }
    return {key: of_key for key, of_key in kept.items() if of_key}
