"""A ledger, a Telnyx and a store of jobs in memory, fast enough for a hundred thousand sessions a day.

Nothing but what the planner sees: which items wait, which records lie where, what a request costs in time and quota.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from services.common.errors import NotFound
from services.common.money import Money
from services.reconciler.audit.book_days import BookDay, day_window
from services.reconciler.backfill.days import DaySource
from services.reconciler.day_closing import CLOSING_MARGIN
from services.reconciler.items import OpenItem
from services.reconciler.job import Job
from services.reconciler.ports import OpenItems
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage, UsageDay
from services.reconciler.windows import Window
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.simulation.planner_traffic import PlannedLeg, PlannedRow
from tests.support.clocks import ManualClock

START = datetime(2026, 1, 5, tzinfo=UTC)
COST = Money("USD", 5_000_000)
_PAGE = 50
_REQUEST_S = 0.3
_PER_MINUTE = 40


def moment(seconds: float) -> datetime:
    """A moment of the simulation."""
    return START + timedelta(seconds=seconds)


@dataclass(slots=True)
class Shelf:
    """Records of one type in order of their own time."""

    times: list[tuple[datetime, str]] = field(default_factory=list)
    rows: dict[str, DetailRecord] = field(default_factory=dict)
    by_session: defaultdict[str, list[DetailRecord]] = field(default_factory=lambda: defaultdict(list))

    def add(self, record: DetailRecord) -> None:
        if record.record_id not in self.rows:
            insort(self.times, (record.record_time or START, record.record_id))
            self.by_session[record.session_id].append(record)
        self.rows[record.record_id] = record

    def within(self, window: Window) -> tuple[int, int]:
        """From which place to which a window reaches."""
        return bisect_left(self.times, (window.start_at, "")), bisect_left(self.times, (window.end_at, ""))


class PlannerTelnyx:
    """Pages of what is visible by now; each request takes time and one of forty per minute. `asked` counts by kind."""

    def __init__(self, clock: ManualClock, sees_usage: bool = True) -> None:
        self._clock = clock
        self._coming: list[tuple[float, int, PlannedRow]] = []
        self._sees_usage = sees_usage
        self._minute = -1
        self._in_minute = 0
        self.shelves: defaultdict[str, Shelf] = defaultdict(Shelf)
        self.asked: Counter[str] = Counter()
        self.rows_read = 0

    def publish(self, row: PlannedRow) -> None:
        """A record has become visible."""
        self.shelves[row.record_type].add(_record(row))

    async def list_records(self, read: Read, timeout_s: float) -> AsyncGenerator[RecordPage | ReadEnd, None]:
        shelf = self.shelves[read.record_type]
        if read.window is not None:
            first, end = shelf.within(read.window)
            found = [shelf.rows[record_id] for _, record_id in shelf.times[first:end]][::-1]
            kind = f"{read.priority} window"
        else:
            assert read.id_filter is not None
            found = list(shelf.by_session[read.id_filter.value])
            kind = f"{read.priority} filter"
        pages = [found[start : start + _PAGE] for start in range(0, max(1, len(found)), _PAGE)]
        for page in pages:
            self._request(kind)
            self.rows_read += len(page)
            yield RecordPage(tuple(page))
        yield self._end(read.record_type, len(found), len(pages))

    async def count_records(self, record_type: str, window: Window, priority: Priority) -> ReadEnd:
        self._request("count")
        first, end = self.shelves[record_type].within(window)
        return self._end(record_type, end - first, 1)

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        if not self._sees_usage:
            raise NotFound("no such product")
        days = []
        for offset in range((to_day - from_day).days):
            day = from_day + timedelta(days=offset)
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            first, end = self.shelves[record_type].within(Window(midnight, midnight + timedelta(days=1)))
            days.append(UsageDay(day, Money("USD", (end - first) * COST.nanos), 9))
        return Usage(record_type, tuple(days), self._clock.now(), "key")

    def _end(self, record_type: str, total: int, request_count: int) -> ReadEnd:
        return ReadEnd(
            total_results=total,
            read_at=self._clock.now(),
            query_form=record_type,
            account_key="key",
            request_count=request_count,
        )

    def _request(self, kind: str) -> None:
        minute = int(self._clock.monotonic_s() // 60)
        if minute != self._minute:
            self._minute, self._in_minute = minute, 0
        if self._in_minute == _PER_MINUTE:
            self._clock.advance((minute + 1) * 60 - self._clock.monotonic_s())
            self._minute, self._in_minute = minute + 1, 0
        self._in_minute += 1
        self.asked[kind] += 1
        self._clock.advance(_REQUEST_S)


class PlannerLedger:
    """Open items, and what is held. An item settles with the records of its session that it misses."""

    def __init__(self, clock: ManualClock, horizon: timedelta) -> None:
        self._clock = clock
        self._horizon = horizon
        self.items: dict[str, OpenItem] = {}
        self._of_session: defaultdict[str, set[str]] = defaultdict(set)
        self.shelves: defaultdict[str, Shelf] = defaultdict(Shelf)
        self.sweeps: list[Sweep] = []
        self.usage: dict[tuple[str, date], UsageDay] = {}
        self.delays_s: list[float] = []
        self.exact_s: dict[str, float] = {}

    def open(self, leg: PlannedLeg) -> None:
        """A leg was hung up."""
        now = self._clock.now()
        self.items[leg.call_id] = OpenItem(
            kind="call",
            record_id=leg.call_id,
            session_id=leg.session_id,
            start_at=moment(leg.start_s),
            end_at=moment(leg.end_s),
            opened_at=now,
            changed_at=now,
            missing=leg.missing,
        )
        self._of_session[leg.session_id].add(leg.call_id)
        for name in leg.missing:
            if leg.session_id in self.shelves[name].by_session:
                self._came(leg.call_id, name)

    async def list_unsettled(self, changed_since: datetime | None) -> AsyncIterator[OpenItems]:
        wanted = [
            item for item in self.items.values() if changed_since is None or item.changed_at >= changed_since
        ]
        yield OpenItems(tuple(wanted), self._clock.now())

    async def unsettled(self, record_ids: Sequence[str]) -> OpenItems:
        found = tuple(self.items[record_id] for record_id in record_ids if record_id in self.items)
        return OpenItems(found, self._clock.now())

    async def record_records(self, records: Sequence[DetailRecord]) -> int:
        for record in records:
            self.shelves[record.record_type].add(record)
            for call_id in tuple(self._of_session.get(record.session_id, ())):
                self._came(call_id, record.record_type)
        return len(records)

    async def record_sweep(self, sweep: Sweep) -> Sweep:
        first, end = self.shelves[sweep.record_type].within(sweep.window)
        verdict: Any = "complete" if end - first == sweep.total_results else "different"
        recorded = replace(sweep, held_count=end - first, verdict=verdict)
        self.sweeps.append(recorded)
        if verdict == "complete" and sweep.total_results:
            for item in list(self.items.values()):
                if sweep.read_at >= item.end_at + self._horizon and sweep.window.spans(
                    item.lifetime.widened(CLOSING_MARGIN)
                ):
                    self._came(item.record_id, sweep.record_type)
        return recorded

    async def record_usage(self, usage: Usage) -> None:
        self.usage |= {(usage.record_type, day.day): day for day in usage.days}

    async def held_counts(self, record_type: str, edges: Sequence[datetime]) -> list[int]:
        times = self.shelves[record_type].times
        places = [bisect_left(times, (edge, "")) for edge in edges]
        return [after - before for before, after in pairwise(places)]

    async def list_sweeps(self, read_since: datetime) -> AsyncIterator[tuple[Sweep, ...]]:
        yield tuple(sweep for sweep in reversed(self.sweeps) if sweep.read_at >= read_since)

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        found = []
        for name, shelf in self.shelves.items():
            first, end = shelf.within(day_window(from_day))
            said = self.usage.get((name, from_day))
            found.append(
                BookDay(
                    record_type=name,
                    day=from_day,
                    book=Money("USD", (end - first) * COST.nanos),
                    record_count=end - first,
                    reported=said.cost if said else None,
                    reported_decimals=said.decimals if said else 0,
                )
            )
        return tuple(found)

    async def claim_day(self, record_type: str, day: date, source: DaySource) -> DaySource:
        return source

    async def call(self, call_id: str) -> Any:
        raise NotFound("nobody asks")

    async def message_cost(self, message_id: str, sent_at: datetime) -> Money | None:
        return None

    def _came(self, call_id: str, record_type: str) -> None:
        item = self.items.get(call_id)
        if item is None or record_type not in item.missing:
            return
        missing = tuple(name for name in item.missing if name != record_type)
        self.items[call_id] = replace(item, missing=missing, changed_at=self._clock.now())
        if not missing:
            del self.items[call_id]
            self._of_session[item.session_id].discard(call_id)
            self.delays_s.append((self._clock.now() - item.end_at).total_seconds())
            self.exact_s[call_id] = self._clock.monotonic_s()


class PlannerJobs:
    """The store of jobs, in memory."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    async def merge(self, fresh: Sequence[Job], change: Any) -> None:
        for job in fresh:
            known = self.jobs.get(job.call_id)
            self.jobs[job.call_id] = (
                job if known is None else known if known.status == "running" else change(known)
            )

    async def due(self, now: datetime, limit: int) -> list[Job]:
        due = [job for job in self.jobs.values() if job.next_run_at and job.next_run_at <= now]
        return sorted(due, key=lambda job: job.next_run_at or now)[:limit]

    async def claim_these(self, call_ids: Sequence[str], now: datetime, lease: timedelta) -> list[Job]:
        claimed = [replace(self.jobs[call_id], status="running") for call_id in call_ids]
        self.jobs |= {job.call_id: job for job in claimed}
        return claimed

    async def renew(self, claimed: Sequence[Job], lease: timedelta) -> None:
        """Leases do not run out here."""

    async def finish(self, judged: Sequence[Job]) -> list[Job]:
        for job in judged:
            if job.status == "completed":
                self.jobs.pop(job.call_id, None)
            else:
                self.jobs[job.call_id] = job
        return list(judged)

    async def apply(self, call_ids: Sequence[str], change: Any) -> list[Job]:
        changed = [change(self.jobs[call_id]) for call_id in call_ids if call_id in self.jobs]
        await self.finish(changed)
        return changed

    async def open_ids(self) -> set[str]:
        return {job.call_id for job in self.jobs.values() if job.status in {"pending", "failed"}}

    async def count_by_status(self) -> dict[str, int]:
        return Counter(job.status for job in self.jobs.values())


def _record(row: PlannedRow) -> DetailRecord:
    return DetailRecord(
        record_type=row.record_type,
        record_id=row.record_id,
        observed_at=moment(row.visible_s),
        record_time=moment(row.at_s),
        session_id=row.session_id,
        cost=COST,
        billed_seconds=60,
    )
