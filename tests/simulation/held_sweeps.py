"""The sweeps that a book in memory holds, and what each is worth: as the ledger's store keeps and weighs them.

Mirrors `services/ledger/store/{recorded_sweeps,sweep_marks,sweep_weights,loaded_windows}.py`.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.common.times import utc_day
from services.ledger.charges import OpenItem
from services.ledger.closing import MARGIN, PROOF_PERIOD
from services.ledger.facts import ProvenWindow, UsageReading
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage

_NO_TIME = timedelta(0)
_DAY = timedelta(days=1)


@dataclass(slots=True, eq=False)
class HeldSweep:
    """A sweep, and what it was found to be worth. `held_count` is None until it was weighed."""

    number: int
    sweep: Sweep
    held_count: int | None = None
    is_proven: bool = False
    may_have_closed: bool = False

    @property
    def is_complete(self) -> bool:
        """The book holds exactly what the window held."""
        return self.held_count == self.sweep.total_results


class HeldRecords:
    """Where records stand in time, and since when they are known."""

    def __init__(self) -> None:
        self._order: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
        self._places: dict[tuple[str, str], tuple[datetime | None, datetime]] = {}
        self._newest: dict[str, datetime] = {}

    def place(self, key: tuple[str, str]) -> tuple[datetime | None, datetime] | None:
        """(its own time, since when it is known)"""
        return self._places.get(key)

    def put(self, key: tuple[str, str], record_time: datetime | None, first_at: datetime) -> None:
        """A record stands here from now on."""
        record_type, record_id = key
        before = self._places.get(key)
        if before is not None and before[0] is not None:
            order = self._order[record_type]
            del order[bisect_left(order, (before[0], record_id))]
        self._places[key] = (record_time, first_at)
        if record_time is not None:
            insort(self._order[record_type], (record_time, record_id))
            self._newest[record_type] = max(first_at, self._newest.get(record_type, first_at))

    def held(self, record_type: str, from_at: datetime, to_at: datetime) -> int:
        """How many stand in a window."""
        order = self._order[record_type]
        return bisect_left(order, (to_at, "")) - bisect_left(order, (from_at, ""))

    def count(self, sweep: Sweep) -> int:
        """How many stand in the window of a sweep and were known when it was read."""
        order = self._order[sweep.record_type]
        low = bisect_left(order, (sweep.window.start_at, ""))
        high = bisect_left(order, (sweep.window.end_at, ""))
        if high == low or self._newest[sweep.record_type] <= sweep.read_at:
            return high - low
        places, record_type = self._places, sweep.record_type
        return sum(places[record_type, record_id][1] <= sweep.read_at for _, record_id in order[low:high])


class HeldSweeps:
    """All sweeps and usage reports, and which of them must be weighed (again)."""

    def __init__(self, records: HeldRecords) -> None:
        self.records = records
        self.sweeps: list[HeldSweep] = []
        self.unapplied: dict[int, HeldSweep] = {}
        self.usage: dict[tuple[str, date, str, str, datetime], int] = {}
        self._known: dict[tuple[object, ...], HeldSweep] = {}
        self._by_type: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
        self._longest: defaultdict[str, timedelta] = defaultdict(lambda: _NO_TIME)
        self._newest_read: dict[str, datetime] = {}
        self._spoken: defaultdict[str, list[datetime]] = defaultdict(list)
        self._key_spoken: defaultdict[str, list[datetime]] = defaultdict(list)
        self._silent: defaultdict[str, dict[int, HeldSweep]] = defaultdict(dict)
        self._usage_reads: defaultdict[str, dict[tuple[str, datetime], None]] = defaultdict(dict)
        self._over_days: defaultdict[tuple[str, date], list[HeldSweep]] = defaultdict(list)
        self._costly_days: defaultdict[str, dict[date, None]] = defaultdict(dict)
        self._last_words: dict[tuple[str, date], tuple[datetime, str, int]] = {}
        self.last_read_at: datetime | None = None

    def add(self, sweep: Sweep) -> HeldSweep:
        """Keep a sweep, unless it is known."""
        window = sweep.window
        key = (
            sweep.record_type,
            sweep.query_form,
            sweep.account_key,
            window.start_at,
            window.end_at,
            sweep.read_at,
            sweep.total_results,
        )
        if key in self._known:
            return self._known[key]
        held = HeldSweep(len(self.sweeps), sweep)
        self._known[key] = held
        self.sweeps.append(held)
        self.unapplied[held.number] = held
        insort(self._by_type[sweep.record_type], (window.start_at, held.number))
        longest = self._longest[sweep.record_type]
        self._longest[sweep.record_type] = max(longest, window.end_at - window.start_at)
        newest = self._newest_read.get(sweep.record_type, sweep.read_at)
        self._newest_read[sweep.record_type] = max(newest, sweep.read_at)
        self.last_read_at = max(self.last_read_at or sweep.read_at, sweep.read_at)
        for day in _whole_days(sweep):
            self._over_days[sweep.record_type, day].append(held)
        if sweep.total_results:
            insort(self._spoken[sweep.query_form], sweep.read_at)
            insort(self._key_spoken[sweep.account_key], sweep.read_at)
            self._mark_proven_by(sweep)
        else:
            self._silent[sweep.record_type][held.number] = held
        return held

    def add_usage(self, usage: Usage) -> None:
        """Keep what usage_reports said."""
        is_news = False
        for row in usage.days:
            key = (usage.record_type, row.day, row.cost.currency, usage.account_key, usage.read_at)
            is_news |= self.usage.get(key) != row.cost.nanos
            self.usage[key] = row.cost.nanos
            if row.cost.nanos:
                self._costly_days[usage.record_type][row.day] = None
            word = (usage.read_at, usage.account_key, row.cost.nanos)
            day_key = (usage.record_type, row.day)
            self._last_words[day_key] = max(word, self._last_words.get(day_key, word))
        self._usage_reads[usage.record_type][usage.account_key, usage.read_at] = None
        if is_news:
            self._mark_silent(
                held
                for held in self._silent[usage.record_type].values()
                if utc_day(held.sweep.window.start_at) <= max(row.day for row in usage.days)
                and utc_day(held.sweep.window.end_at) >= min(row.day for row in usage.days)
            )

    def last_word(self, record_type: str, day: date) -> tuple[datetime, str, int] | None:
        """(when, by which key, nanos) usage_reports last told of a type's day."""
        return self._last_words.get((record_type, day))

    def complete_at(self, record_type: str, day: date) -> datetime | None:
        """When a proven sweep over a whole day, read after it, was last complete."""
        over_day = self._over_days[record_type, day]
        return max(
            (held.sweep.read_at for held in over_day if held.is_complete and held.is_proven), default=None
        )

    def mark_outdated(self, record_type: str, record_time: datetime | None, first_at: datetime) -> None:
        """A record came to, or left, a place: windows that hold it and were read since must be counted again."""
        newest = self._newest_read.get(record_type)
        if record_time is None or newest is None or newest < first_at:
            return
        for held in self._around(record_type, record_time, record_time):
            is_inside = held.sweep.window.start_at <= record_time < held.sweep.window.end_at
            if is_inside and held.sweep.read_at >= first_at:
                held.held_count = None
                self.unapplied[held.number] = held

    def weigh(self, held: HeldSweep) -> None:
        """Find out what a sweep is worth."""
        sweep = held.sweep
        held.held_count = self.records.count(sweep)
        held.is_proven = sweep.total_results > 0 or _spoke(self._spoken[sweep.query_form], sweep.read_at)
        if held.is_proven:
            self._silent[sweep.record_type].pop(held.number, None)

    def is_contradicted(self, sweep: Sweep) -> bool:
        """usage_reports show more than 0 for a day of the window."""
        first, last = utc_day(sweep.window.start_at), utc_day(sweep.window.end_at)
        return any(first <= day <= last for day in self._costly_days[sweep.record_type])

    def windows_for(
        self, items: Iterable[OpenItem], horizon: timedelta
    ) -> tuple[tuple[ProvenWindow, ...], tuple[UsageReading, ...]]:
        """The complete windows that could close any of the items, and what usage_reports say of doubtful ones."""
        windows: dict[int, HeldSweep] = {}
        for item in items:
            late_enough = item.span.end_at + horizon
            if self.last_read_at is None or late_enough > self.last_read_at:
                continue
            for name in item.unclosed:
                windows |= self._closing(
                    name, item.span.start_at - MARGIN, item.span.end_at + MARGIN, late_enough
                )
        doubtful = {held.sweep.record_type for held in windows.values() if not held.is_proven}
        proven = (
            ProvenWindow(
                record_type=held.sweep.record_type,
                from_at=held.sweep.window.start_at,
                to_at=held.sweep.window.end_at,
                read_at=held.sweep.read_at,
                row_count=held.sweep.total_results,
                is_proven=held.is_proven,
            )
            for held in windows.values()
        )
        return tuple(proven), self._readings(doubtful) if doubtful else ()

    def _closing(
        self, record_type: str, start_at: datetime, end_at: datetime, late_enough: datetime
    ) -> dict[int, HeldSweep]:
        """One proven window is as good as many; of doubtful ones any may find its proof."""
        doubtful: dict[int, HeldSweep] = {}
        for held in self._around(record_type, start_at, start_at):
            sweep = held.sweep
            if held.is_complete and sweep.window.end_at >= end_at and sweep.read_at >= late_enough:
                if held.is_proven:
                    return {held.number: held}
                doubtful[held.number] = held
        return doubtful

    def _around(self, record_type: str, earliest: datetime, latest: datetime) -> Iterable[HeldSweep]:
        """The sweeps of a type that begin by `latest` and may reach `earliest`, latest beginning first."""
        order = self._by_type[record_type]
        low = bisect_left(order, (earliest - self._longest[record_type], -1))
        high = bisect_right(order, (latest, len(self.sweeps)))
        return [self.sweeps[number] for _, number in reversed(order[low:high])]

    def _readings(self, record_types: set[str]) -> tuple[UsageReading, ...]:
        largest: dict[tuple[str, date, str, datetime], int] = {}
        for (name, day, _, account_key, read_at), nanos in self.usage.items():
            if name in record_types:
                key = (name, day, account_key, read_at)
                largest[key] = max(largest.get(key, 0), abs(nanos))
        return tuple(
            UsageReading(
                record_type=name,
                day=day,
                account_key=account_key,
                read_at=read_at,
                is_zero=nanos == 0,
                has_spoken=_spoke(self._key_spoken[account_key], read_at),
            )
            for (name, day, account_key, read_at), nanos in largest.items()
        )

    def _mark_proven_by(self, sweep: Sweep) -> None:
        until = sweep.read_at + PROOF_PERIOD
        self._mark_silent(
            held
            for held in self._silent[sweep.record_type].values()
            if held.sweep.query_form == sweep.query_form and sweep.read_at <= held.sweep.read_at <= until
        )
        for name, reads in self._usage_reads.items():
            if any(key == sweep.account_key and sweep.read_at <= read_at <= until for key, read_at in reads):
                self._mark_silent(self._silent[name].values())

    def _mark_silent(self, silent: Iterable[HeldSweep]) -> None:
        self.unapplied |= {held.number: held for held in silent}


def _spoke(reads: list[datetime], by: datetime) -> bool:
    """Whether one of these moments lies in the days before another, or on it."""
    place = bisect_right(reads, by)
    return place > 0 and reads[place - 1] >= by - PROOF_PERIOD


def _whole_days(sweep: Sweep) -> Iterator[date]:
    """The UTC days that a window spans and that were over when it was read."""
    day = utc_day(sweep.window.start_at + _DAY - timedelta(microseconds=1))
    after = utc_day(min(sweep.window.end_at, sweep.read_at))
    while day < after:
        yield day
        day += _DAY
