"""Backfill from batch detail-record reports: ordered per month, read once, row by row, for all days in them."""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date

from services.common.clock import Clock
from services.common.errors import TelnyxUnreachable, TollbookError, Unavailable
from services.common.times import utc_day
from services.reconciler import failpoints
from services.reconciler.backfill.days import DaySource, runs, spoken
from services.reconciler.backfill.orders import Orders
from services.reconciler.backfill.plan import REPORT_FORM, Order, kept_from
from services.reconciler.backfill.ports import DaysPort, ReportEnd, ReportRows, ReportsPort
from services.reconciler.backfill.progress import Progress
from services.reconciler.backfill.without_ids import charge_kind, fillable
from services.reconciler.ports import LedgerPort
from services.reconciler.reader import gather_some
from services.reconciler.sweep import Sweep
from services.telnyx_vocabulary.detail_record import DetailRecord


@dataclass(slots=True)
class _Reading:
    """What one report has given so far. `bookable`: the days that are booked from it; None before that is known."""

    order: Order
    bookable: Collection[date] | None = None
    rows: Counter[date] = field(default_factory=Counter)

    def take(self, records: Sequence[DetailRecord]) -> list[DetailRecord]:
        """Count rows by day; gives those to be booked. Rows that name no time are kept too, for people to see."""
        taken = []
        for record in records:
            day = None if record.record_time is None else utc_day(record.record_time)
            if day is not None:
                self.rows[day] += 1
            if self.bookable and (day is None or day in self.bookable):
                taken.append(record)
        return taken


class ReportBackfill:
    """Fills the days of orders from batch reports.

    A day's rows are booked once the day is claimed for the report; that it was read whole is then recorded as a sweep
    over all days of the report that go together, with the report as its form of query. Should this be ended before,
    the report is ordered anew: its rows have the same ids again.
    """

    def __init__(
        self,
        ledger: LedgerPort,
        days: DaysPort,
        reports: ReportsPort,
        orders: Orders,
        progress: Progress,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._days = days
        self._reports = reports
        self._orders = orders
        self._progress = progress
        self._clock = clock

    async def run(self, orders: Sequence[Order]) -> None:
        """Fill the days of these orders, month by month; what fails ends as a trouble, and the others go on."""
        months = list(dict.fromkeys(order.month for order in orders))
        for month in months:
            await gather_some(self._fill, [order for order in orders if order.month == month])

    async def _fill(self, order: Order) -> None:
        self._progress.at(f"report of {order.record_type}", max(order.days))
        try:
            report_id = await self._orders.completed(order)
            failpoints.REPORT_ORDERED.reached()
            booked = await self._read_twice(order, report_id)
        except TollbookError as error:
            self._trouble(order, order.days, str(error))
            booked = []
        self._progress.done(len(order.days), skipped=len(order.days) - len(booked))

    async def _read_twice(self, order: Order, report_id: str) -> Collection[date]:
        """Read a report; once more if it breaks off, which changes nothing of what is booked by then."""
        try:
            return await self._read(order, report_id)
        except (TelnyxUnreachable, Unavailable):
            return await self._read(order, report_id)

    async def _read(self, order: Order, report_id: str) -> Collection[date]:
        """Read a report and book it; gives the days that are booked from it."""
        reading = _Reading(order)
        async with aclosing(self._reports.read_report(order.record_type, report_id)) as parts:
            async for part in parts:
                if isinstance(part, ReportEnd):
                    return await self._end(reading, part)
                if reading.bookable is None:
                    reading.bookable = await self._claim(order, has_ids=part.has_record_ids)
                await self._book(reading, part)
        raise TelnyxUnreachable("the report ended before its last row")

    async def _book(self, reading: _Reading, rows: ReportRows) -> None:
        taken = reading.take(rows.records)
        if taken:
            await self._ledger.record_records(taken)
            failpoints.REPORT_BOOKED.reached()
        self._progress.requested(0, len(taken))

    async def _end(self, reading: _Reading, end: ReportEnd) -> Collection[date]:
        order = reading.order
        self._progress.requested(1, 0)
        if end.missing_columns:
            columns = ", ".join(end.missing_columns)
            self._trouble(
                order, order.days, f"the report lacks the columns {columns}; nothing of it is booked"
            )
            return []
        if reading.bookable is None:
            # No row at all. Claimed without ids, these days would be closed to what the API may tell of them after all.
            reading.bookable = await self._claim(order, has_ids=True) if end.has_record_ids else order.days
        if end.broken_count:
            self._trouble(
                order,
                order.days,
                f"{end.broken_count} rows of the report cannot be read; they are kept as such",
            )
        failpoints.REPORT_READ.reached()
        for run in runs(reading.bookable):
            sweep = await self._ledger.record_sweep(
                Sweep(
                    record_type=order.record_type,
                    window=run.window,
                    read_at=end.read_at,
                    total_results=sum(reading.rows[day] for day in run),
                    query_form=_query_form(order.record_type, end),
                    account_key=end.account_key,
                )
            )
            if sweep.verdict == "different":
                self._trouble(
                    order,
                    list(run),
                    f"the book holds {sweep.held_count} records, the report has {sweep.total_results}",
                )
        return reading.bookable

    async def _claim(self, order: Order, *, has_ids: bool) -> Collection[date]:
        """Claim the days of an order for its report; gives those of which the claim stands."""
        wanted = list(order.days) if has_ids else await self._fillable(order)
        source: DaySource = "report" if has_ids else "report_without_ids"
        standing = await self._days.claim_days(order.record_type, wanted, source) if wanted else {}
        failpoints.REPORT_CLAIMED.reached()
        claimed = {day for day, stands in standing.items() if stands == source}
        foreign = [day for day in wanted if day not in claimed]
        if foreign:
            self._trouble(order, foreign, "another source has booked these days")
        return claimed

    async def _fillable(self, order: Order) -> list[date]:
        # Charges are counted before claims are read: a report that books beside this one claims first.
        kind = charge_kind(order.record_type)
        counts = await self._days.charge_counts(kind, order.span) if kind is not None else {}
        states = await self._days.day_states(order.span)
        found = fillable(order.record_type, order.days, kept_from(self._clock.now()), states, counts)
        left = [day for day in order.days if day not in found]
        if left:
            self._trouble(
                order,
                left,
                "the report's rows carry no record ids, and these days are known from elsewhere or still kept by "
                "the Detail Records API; nothing of it is booked there",
            )
        return found

    def _trouble(self, order: Order, days: Collection[date], reason: str) -> None:
        self._progress.trouble(f"{order.record_type}, {spoken(days)}: {reason}")


def _query_form(record_type: str, end: ReportEnd) -> str:
    """Names the report as a form of query, so that its silence is proven by reports alone (rule 3.n)."""
    kind = "ids" if end.has_record_ids else "no ids"
    return f"{REPORT_FORM}{record_type} ({kind}) {end.account_key}"
