"""A ledger's days and Telnyx's batch reports in memory, and a backfill between them."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from services.common.database import Database
from services.common.errors import TollbookError
from services.common.money import Money
from services.common.times import utc_day
from services.reconciler.backfill.backfill import Backfill
from services.reconciler.backfill.days import Days, DaySource, DayState, TypeDay
from services.reconciler.backfill.plan import Method
from services.reconciler.backfill.ports import ChargeKind, ReportEnd, ReportRows, ReportStatus
from services.reconciler.backfill.progress import Progress, Snapshot
from services.reconciler.day_claims import DayClaims
from services.reconciler.density import Densities
from services.reconciler.leases import LeaseStore
from services.reconciler.metrics import RequestTally
from services.reconciler.ports import TelnyxPort
from services.reconciler.reader import Reader
from services.reconciler.refusals import Refusals
from services.reconciler.sweep import Sweep
from services.reconciler.windows import Window
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.support.clocks import ManualClock
from tests.unit.reconciler.fakes import FakeLedger, FakeTelnyx

HORIZON = timedelta(hours=24)


@dataclass(slots=True)
class FakeDays:
    """Days as the ledger would tell of them, over a FakeLedger. `charges`: how many each kind has on a day."""

    ledger: FakeLedger
    charges: dict[tuple[ChargeKind, date], int] = field(default_factory=dict)

    async def day_states(self, days: Days) -> dict[TypeDay, DayState]:
        swept = {(sweep.record_type, day) for sweep in self.ledger.sweeps for day in days}
        units = {*self.ledger.claims, *self._held(), *swept}
        return {
            (name, day): DayState(self._source((name, day)), self._is_read(name, day))
            for name, day in units
            if day in set(days)
        }

    async def claim_days(
        self, record_type: str, days: Sequence[date], source: DaySource
    ) -> dict[date, DaySource]:
        return {day: await self.ledger.claim_day(record_type, day, source) for day in days}

    async def charge_counts(self, kind: ChargeKind, days: Days) -> dict[date, int]:
        return {day: count for (of, day), count in self.charges.items() if of == kind and day in set(days)}

    def _held(self) -> set[TypeDay]:
        return {
            (name, utc_day(record.record_time))
            for (name, _), record in self.ledger.records.items()
            if record.record_time is not None
        }

    def _source(self, unit: TypeDay) -> DaySource | None:
        return self.ledger.claims.get(unit) or ("detail_records" if unit in self._held() else None)

    def _is_read(self, record_type: str, day: date) -> bool:
        window = Days(day, day + timedelta(days=1)).window
        return any(
            sweep.record_type == record_type
            and sweep.window.spans(window)
            and sweep.read_at >= window.end_at
            and sweep.verdict == "complete"
            for sweep in self.ledger.sweeps
        )


@dataclass(slots=True)
class FakeReports:
    """Reports over rows that are given. Each order is pending for one question, then has the next of `outcomes`.

    `breaks`: so many readings end before their last row.
    """

    clock: ManualClock
    rows: list[DetailRecord] = field(default_factory=list)
    has_ids: bool = True
    outcomes: list[ReportStatus] = field(default_factory=list)
    missing_columns: tuple[str, ...] = ()
    broken: tuple[DetailRecord, ...] = ()
    breaks: int = 0
    is_ready_at_once: bool = False
    fault: TollbookError | None = None
    ordered: list[tuple[str, Window]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    read_count: int = 0

    async def create_report(self, record_type: str, window: Window) -> str:
        if self.fault is not None:
            raise self.fault
        self.ordered.append((record_type, window))
        return f"report-{len(self.ordered) - 1}"

    async def report_status(self, record_type: str, report_id: str) -> ReportStatus:
        self.asked[report_id] = self.asked.get(report_id, 0) + 1
        if self.asked[report_id] == 1 and not self.is_ready_at_once:
            return "pending"
        return self.outcomes.pop(0) if self.outcomes else "complete"

    async def read_report(
        self, record_type: str, report_id: str
    ) -> AsyncGenerator[ReportRows | ReportEnd, None]:
        self.read_count += 1
        ordered_type, window = self.ordered[int(report_id.removeprefix("report-"))]
        assert ordered_type == record_type
        matching = [
            row
            for row in self.rows
            if row.record_type == record_type
            and row.record_time is not None
            and window.start_at <= row.record_time < window.end_at
        ] + [row for row in self.broken if row.record_type == record_type]
        rows = [] if self.missing_columns else matching
        for start in range(0, len(rows), 2):
            yield ReportRows(tuple(rows[start : start + 2]), self.has_ids)
            if self.breaks:
                self.breaks -= 1
                return
        yield ReportEnd(
            row_count=len(rows),
            broken_count=len(self.broken),
            has_record_ids=self.has_ids,
            missing_columns=self.missing_columns,
            read_at=self.clock.now(),
            account_key="synthetic",
        )


@dataclass(slots=True)
class Past:
    """A book that knows nothing yet, and an account with a past. `waits` are those that a backfill would have had."""

    clock: ManualClock
    ledger: FakeLedger
    telnyx: FakeTelnyx
    days: FakeDays
    reports: FakeReports
    backfill: Backfill
    waits: list[float] = field(default_factory=list)
    swept: list[Sweep] = field(default_factory=list)

    async def run(self, first: date, after: date, method: Method = "auto") -> Snapshot:
        """Backfill to the end; gives the last snapshot, with all troubles."""
        progress = Progress()
        await self.backfill.run(Days(first, after), method, progress)
        return progress.take()

    def booked(self) -> set[str]:
        """The ids of all records in the book."""
        return {record_id for _, record_id in self.ledger.records}


def make_past(database: Database) -> Past:
    """A world at noon on 2026-11-22."""
    clock = ManualClock()
    ledger = FakeLedger(clock, HORIZON)
    telnyx = FakeTelnyx(clock)
    days = FakeDays(ledger)
    reports = FakeReports(clock)
    densities, refusals, claims = Densities(), Refusals(clock), DayClaims(ledger, clock)
    waits: list[float] = []
    holders = iter(range(1_000))

    def reader_of(port: TelnyxPort) -> Reader:
        return Reader(ledger, port, densities, refusals, RequestTally(), claims)

    async def pause(wait_s: float) -> None:
        waits.append(wait_s)
        clock.advance(wait_s)

    swept: list[Sweep] = []
    backfill = Backfill(
        ledger=ledger,
        days=days,
        telnyx=telnyx,
        reports=reports,
        reader_of=reader_of,
        on_sweep=swept.append,
        leases=lambda: LeaseStore(database, f"holder-{next(holders)}"),
        clock=clock,
        pause=pause,
    )
    return Past(clock, ledger, telnyx, days, reports, backfill, waits, swept)


def record(
    record_type: str, day: date, record_id: str, hour: int = 10, cost_nanos: int = 5_000_000
) -> DetailRecord:
    """A billed record of that day."""
    return DetailRecord(
        record_type=record_type,
        record_id=record_id,
        observed_at=datetime(2026, 11, 22, 11, tzinfo=UTC),
        record_time=datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
        session_id=f"session-of-{record_id}",
        cost=Money("USD", cost_nanos),
        billed_seconds=60,
    )
