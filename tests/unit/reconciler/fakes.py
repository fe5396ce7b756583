"""A ledger and a Telnyx in memory, behind the reconciler's ports: just enough of each to be reconciled against."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from services.common.clock import Clock
from services.common.errors import NotFound, TollbookError
from services.common.money import Money
from services.common.times import utc_day
from services.reconciler.audit.book_days import BookDay
from services.reconciler.backfill.days import DaySource
from services.reconciler.day_closing import CLOSING_MARGIN
from services.reconciler.items import OpenItem
from services.reconciler.ports import MAX_IDS, CallState, OpenItems
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage
from services.reconciler.windows import Window
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.support.clocks import ManualClock

COST = Money("USD", 5_000_000)
_PAGE = 50


@dataclass(slots=True)
class FakeLedger:
    """Items miss types until a record of their session (or id) is booked, or a sweep has closed them.

    Set `fault` to make every question fail. `page_size` is that of listings.
    """

    clock: Clock
    horizon: timedelta
    items: dict[str, OpenItem] = field(default_factory=dict)
    calls: dict[str, CallState] = field(default_factory=dict)
    records: dict[tuple[str, str], DetailRecord] = field(default_factory=dict)
    sweeps: list[Sweep] = field(default_factory=list)
    claims: dict[tuple[str, date], DaySource] = field(default_factory=dict)
    usages: list[Usage] = field(default_factory=list)
    fault: TollbookError | None = None
    page_size: int = 1_000
    full_listings: int = 0
    is_proven: bool = True

    def open(self, *items: OpenItem) -> None:
        """Something ended, or misses something new."""
        for item in items:
            self.items[item.record_id] = replace(item, changed_at=self.clock.now())

    async def list_unsettled(self, changed_since: datetime | None) -> AsyncIterator[OpenItems]:
        self._check()
        self.full_listings += changed_since is None
        wanted = [
            one for one in self.items.values() if changed_since is None or one.changed_at >= changed_since
        ]
        for start in range(0, max(1, len(wanted)), self.page_size):
            yield OpenItems(tuple(wanted[start : start + self.page_size]), self.clock.now())

    async def unsettled(self, record_ids: Sequence[str]) -> OpenItems:
        self._check()
        assert len(record_ids) <= MAX_IDS
        found = [self.items[record_id] for record_id in record_ids if record_id in self.items]
        return OpenItems(tuple(found), self.clock.now())

    async def record_records(self, records: Sequence[DetailRecord]) -> int:
        self._check()
        for record in records:
            self.records[record.record_type, record.record_id] = record
            for item in list(self.items.values()):
                if record.session_id == item.session_id or record.record_id == item.record_id:
                    self._came(item, record.record_type)
        return len(records)

    async def record_sweep(self, sweep: Sweep) -> Sweep:
        self._check()
        held = [
            record
            for (record_type, _), record in self.records.items()
            if record_type == sweep.record_type
            and record.record_time is not None
            and sweep.window.start_at <= record.record_time < sweep.window.end_at
        ]
        recorded = replace(sweep, held_count=len(held), verdict="complete")
        if len(held) != sweep.total_results:
            recorded = replace(recorded, verdict="different")
        elif not held and not self.is_proven:
            recorded = replace(recorded, verdict="unproven")
        self.sweeps.append(recorded)
        if recorded.verdict == "complete":
            self._close(recorded)
        return recorded

    async def record_usage(self, usage: Usage) -> None:
        self._check()
        self.usages.append(usage)

    async def held_counts(self, record_type: str, edges: Sequence[datetime]) -> list[int]:
        self._check()
        times = sorted(
            record.record_time
            for (name, _), record in self.records.items()
            if name == record_type and record.record_time is not None
        )
        places = [bisect_left(times, edge) for edge in edges]
        return [end - start for start, end in pairwise(places)]

    async def list_sweeps(self, read_since: datetime) -> AsyncIterator[tuple[Sweep, ...]]:
        self._check()
        yield tuple(sweep for sweep in reversed(self.sweeps) if sweep.read_at >= read_since)

    async def claim_day(self, record_type: str, day: date, source: DaySource) -> DaySource:
        self._check()
        held: DaySource = "detail_records" if self._holds(record_type, day) else source
        return self.claims.setdefault((record_type, day), held)

    def _holds(self, record_type: str, day: date) -> bool:
        return any(
            name == record_type and record.record_time is not None and utc_day(record.record_time) == day
            for (name, _), record in self.records.items()
        )

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        self._check()
        sums: dict[tuple[str, date], int] = defaultdict(int)
        for (name, _), record in self.records.items():
            if record.record_time is not None and from_day <= record.record_time.date() < to_day:
                sums[name, record.record_time.date()] += record.cost.nanos if record.cost else 0
        said = {(usage.record_type, day.day): day for usage in self.usages for day in usage.days}
        return tuple(
            BookDay(
                record_type=name,
                day=day,
                book=Money("USD", nanos),
                reported=said[name, day].cost if (name, day) in said else None,
                reported_decimals=said[name, day].decimals if (name, day) in said else 0,
            )
            for (name, day), nanos in sums.items()
        )

    async def call(self, call_id: str) -> CallState:
        self._check()
        item = self.items.get(call_id)
        if item is not None and item.kind == "call":
            return _state(item)
        if call_id in self.calls:
            return self.calls[call_id]
        for record in self.records.values():
            if call_id in {record.record_id, record.call_control_id, record.leg_id}:
                return CallState(
                    call_id=record.call_control_id or record.leg_id,
                    session_id=record.session_id,
                    start_at=record.record_time,
                    end_at=record.record_time,
                    cost=record.cost,
                    is_exact=True,
                    missing=(),
                )
        raise NotFound("no such call", field="id")

    async def message_cost(self, message_id: str, sent_at: datetime) -> Money | None:
        self._check()
        record = self.records.get(("messaging", message_id))
        return record.cost if record else None

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def _came(self, item: OpenItem, record_type: str) -> None:
        missing = tuple(name for name in item.missing if name != record_type)
        if missing or item.unreadable:
            self.items[item.record_id] = replace(item, missing=missing, changed_at=self.clock.now())
            return
        del self.items[item.record_id]
        self.calls[item.record_id] = replace(_state(item), is_exact=True, missing=(), cost=COST)

    def _close(self, sweep: Sweep) -> None:
        for item in list(self.items.values()):
            is_late_enough = sweep.read_at >= item.end_at + self.horizon
            if is_late_enough and sweep.window.spans(item.lifetime.widened(CLOSING_MARGIN)):
                unclosed = tuple(name for name in item.unclosed if name != sweep.record_type)
                self.items[item.record_id] = closed = replace(item, unclosed=unclosed)
                if sweep.record_type in item.missing or not unclosed:
                    self._came(closed, sweep.record_type)


def _state(item: OpenItem) -> CallState:
    return CallState(
        call_id=item.record_id,
        session_id=item.session_id,
        start_at=item.start_at,
        end_at=item.end_at,
        cost=None,
        is_exact=item.settled,
        missing=item.missing,
    )


@dataclass(slots=True)
class FakeTelnyx:
    """Detail records that become visible at their time, fifty to a page, newest first. A reading takes `took_s`.

    `faults`: what a reading of a type raises, after its first page if `breaks_late`. `ends_early`: types whose
    answers end without their end. `usage`: what usage_reports show; a type that is not there fails.
    """

    clock: ManualClock
    records: list[tuple[datetime, DetailRecord]] = field(default_factory=list)
    faults: dict[str, TollbookError] = field(default_factory=dict)
    breaks_late: bool = False
    ends_early: set[str] = field(default_factory=set)
    usage: dict[str, Usage | TollbookError] = field(default_factory=dict)
    asked: list[Read] = field(default_factory=list)
    counted: list[Read] = field(default_factory=list)
    request_count: int = 0
    took_s: float = 0.0

    def publish(self, *records: DetailRecord, at: datetime | None = None) -> None:
        """Records that can be read from a moment on; at once, unless told otherwise."""
        self.records += [(at or self.clock.now(), record) for record in records]

    def asked_types(self) -> list[str]:
        """The types of the readings so far, in order."""
        return [read.record_type for read in self.asked]

    async def list_records(self, read: Read, timeout_s: float) -> AsyncGenerator[RecordPage | ReadEnd, None]:
        self.asked.append(read)
        self.clock.advance(self.took_s)
        fault = self.faults.get(read.record_type)
        if fault is not None and not self.breaks_late:
            raise fault
        matching = [
            record for at, record in self.records if at <= self.clock.now() and _matches(record, read)
        ]
        matching.sort(key=lambda record: str(record.record_time), reverse=True)
        pages = [matching[start : start + _PAGE] for start in range(0, max(1, len(matching)), _PAGE)]
        for page in pages:
            self.request_count += 1
            yield RecordPage(tuple(replace(record, observed_at=self.clock.now()) for record in page))
            if fault is not None:
                raise fault
        if read.record_type in self.ends_early:
            return
        yield ReadEnd(
            total_results=len(matching),
            read_at=self.clock.now(),
            query_form=f"{read.record_type}?window",
            account_key="synthetic",
            request_count=len(pages),
        )

    async def count_records(self, record_type: str, window: Window, priority: Priority) -> ReadEnd:
        read = Read(record_type=record_type, priority=priority, window=window)
        self.counted.append(read)
        self.request_count += 1
        if record_type in self.faults:
            raise self.faults[record_type]
        now = self.clock.now()
        return ReadEnd(
            total_results=sum(at <= now and _matches(record, read) for at, record in self.records),
            read_at=now,
            query_form=f"{record_type}?window",
            account_key="synthetic",
        )

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        answer = self.usage.get(record_type, NotFound("no such product"))
        if isinstance(answer, TollbookError):
            raise answer
        return answer


def _matches(record: DetailRecord, read: Read) -> bool:
    if record.record_type != read.record_type:
        return False
    if read.window is not None:
        return (
            record.record_time is not None and read.window.start_at <= record.record_time < read.window.end_at
        )
    assert read.id_filter is not None
    carried = {
        "session": record.session_id,
        "call_control": record.call_control_id,
        "leg": record.leg_id,
        "record": record.record_id,
    }
    return carried[read.id_filter.kind] == read.id_filter.value


def record_of(item: OpenItem, record_type: str, record_id: str = "") -> DetailRecord:
    """A billed record of this type for an item."""
    return DetailRecord(
        record_type=record_type,
        record_id=item.record_id
        if record_type == "messaging"
        else record_id or f"{record_type}-of-{item.record_id}",
        observed_at=item.end_at,
        record_time=item.start_at,
        session_id=item.session_id,
        call_control_id=item.record_id if record_type == "sip-trunking" else "",
        cost=COST,
        billed_seconds=60,
    )
