"""The simulated Telnyx account: its detail records, which of them are published, and its bill."""

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.common.times import utc_day
from tests.simulation.rows import Row

PAGE_ROWS = 50


@dataclass(slots=True)
class _Shelf:
    """The published rows of one type, oldest first."""

    order: list[tuple[datetime, str]] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    by_id: defaultdict[tuple[str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))

    def publish(self, row: Row) -> None:
        insort(self.order, (row.at, row.record_id))
        self.rows[row.record_id] = row
        for name, value in row.ids.items():
            self.by_id[name, value].append(row)

    def within(self, from_at: datetime, to_at: datetime) -> tuple[int, int]:
        """The places, from and to, of what lies in a window."""
        return bisect_left(self.order, (from_at, "")), bisect_left(self.order, (to_at, ""))


@dataclass(frozen=True, slots=True)
class Page:
    """One page: newest first, and what `meta` says of the whole."""

    rows: tuple[bytes, ...]
    total_results: int


class Account:
    """Rows go in with the moment at which they appear; readers see what has appeared by now."""

    def __init__(self) -> None:
        self._shelves: defaultdict[str, _Shelf] = defaultdict(_Shelf)
        self._coming: list[tuple[float, int, Row]] = []
        self._count = 0
        self.bill: defaultdict[str, int] = defaultdict(int)

    def add(self, row: Row) -> None:
        """A row that will appear, and what it adds to the bill in the end."""
        self.bill[row.key] += row.charged_nanos
        for version in row.versions:
            self._count += 1
            heapq.heappush(self._coming, (version.visible_s, self._count, row))

    def advance(self, now_s: float) -> None:
        """Publish what is due by now."""
        while self._coming and self._coming[0][0] <= now_s:
            _, _, row = heapq.heappop(self._coming)
            row.current += 1
            if row.current == 0:
                self._shelves[row.record_type].publish(row)

    @property
    def last_change_s(self) -> float:
        """When the last row that is to come appears or changes."""
        return max((at_s for at_s, _, _ in self._coming), default=0.0)

    def window_page(
        self, record_type: str, window: tuple[datetime, datetime], number: int, size: int
    ) -> Page:
        """One page of the rows in a window, newest first."""
        shelf = self._shelves[record_type]
        first, end = shelf.within(*window)
        top = end - (number - 1) * size
        places = range(top - 1, max(first, top - size) - 1, -1)
        return Page(tuple(shelf.rows[shelf.order[place][1]].raw for place in places), end - first)

    def id_page(self, record_type: str, name: str, value: str, number: int, size: int) -> Page:
        """One page of the rows that carry an id in one of their fields."""
        shelf = self._shelves[record_type]
        if name in {"id", "uuid"}:
            found = [shelf.rows[value]] if value in shelf.rows else []
        else:
            found = sorted(
                shelf.by_id.get((name, value), ()), key=lambda row: (row.at, row.record_id), reverse=True
            )
        return Page(tuple(row.raw for row in found[(number - 1) * size : number * size]), len(found))

    def usage(self, record_type: str, first: date, end: date) -> Mapping[date, int]:
        """What usage_reports say: the nanos of each UTC day on which the type was used."""
        shelf = self._shelves[record_type]
        sums: dict[date, int] = {}
        for place in range(*shelf.within(_midnight(first), _midnight(end))):
            row = shelf.rows[shelf.order[place][1]]
            day = utc_day(row.at)
            sums[day] = sums.get(day, 0) + row.versions[row.current].charged_nanos
        return sums

    def count(self, record_type: str) -> int:
        """How many rows of a type have appeared."""
        return len(self._shelves[record_type].rows)

    def published(self) -> Iterable[Row]:
        """All rows that have appeared."""
        for shelf in self._shelves.values():
            yield from shelf.rows.values()


def _midnight(day: date) -> datetime:
    return datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")
