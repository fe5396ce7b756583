"""A backfill from its beginning to its end: what is to be done, the newest days by windows, the others by reports."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from services.common.clock import Clock
from services.common.errors import Conflict
from services.reconciler import failpoints
from services.reconciler.backfill.by_reports import ReportBackfill
from services.reconciler.backfill.by_windows import WindowBackfill
from services.reconciler.backfill.counting import CountingTelnyx
from services.reconciler.backfill.days import Days
from services.reconciler.backfill.orders import Orders
from services.reconciler.backfill.plan import Method, kept_from, make_plan
from services.reconciler.backfill.ports import DaysPort, ReportsPort
from services.reconciler.backfill.progress import Progress
from services.reconciler.backfill.waits import Pause
from services.reconciler.holding import holding
from services.reconciler.leases import LeaseStore
from services.reconciler.ports import LedgerPort, TelnyxPort
from services.reconciler.reader import Reader
from services.reconciler.sweep import Sweep
from services.reconciler.sweep_histories import SWEPT_TYPES

_LEASE = timedelta(seconds=30)
_LEASE_NAME = "backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """What backfills are made with.

    `reader_of` makes a reader over a Telnyx that counts; `on_sweep` is told of each
    sweep. `leases` makes a store in the name of a new holder.
    """

    ledger: LedgerPort
    days: DaysPort
    telnyx: TelnyxPort
    reports: ReportsPort
    reader_of: Callable[[TelnyxPort], Reader]
    on_sweep: Callable[[Sweep], None]
    leases: Callable[[], LeaseStore]
    clock: Clock
    pause: Pause

    async def run(self, days: Days, method: Method, progress: Progress) -> None:
        """Book these days, newest first. Raises Conflict while another is running, and if this one's lease is lost."""
        async with self._only_one():
            failpoints.BACKFILL_LEASED.reached()
            now = self.clock.now()
            # What the API still has in whole is known from the sweeps themselves, window by window.
            older = days if method == "reports" else days.before(kept_from(now))
            states = await self.days.day_states(older) if older.count else {}
            plan = make_plan(days, method, SWEPT_TYPES, states, now)
            by_report = sum(len(order.days) for order in plan.orders)
            units = len(plan.provable) + len(plan.unprovable) + by_report + plan.skipped
            progress.planned(units, plan.skipped)
            for trouble in plan.troubles:
                progress.trouble(trouble)
            windows = self._windows(progress)
            await windows.run(plan.provable, provable=True)
            await windows.run(plan.unprovable, provable=False)
            orders = Orders(self.reports, progress, self.pause)
            filling = ReportBackfill(self.ledger, self.days, self.reports, orders, progress, self.clock)
            await filling.run(plan.orders)

    def _windows(self, progress: Progress) -> WindowBackfill:
        reader = self.reader_of(CountingTelnyx(self.telnyx, progress))
        return WindowBackfill(self.ledger, reader, progress, self.clock, self.pause, self.on_sweep)

    @asynccontextmanager
    async def _only_one(self) -> AsyncIterator[None]:
        leases = self.leases()
        if not await leases.hold(_LEASE_NAME, _LEASE):
            raise Conflict("another backfill is running; it can be asked again when that has ended")
        try:
            async with holding(lambda: leases.hold(_LEASE_NAME, _LEASE), _LEASE):
                yield
        finally:
            await leases.give_up(_LEASE_NAME)
