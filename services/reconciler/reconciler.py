"""The composition root: everything the reconciler is made of, and its timed loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import TollbookError
from services.reconciler.closing_sweeps import ClosingSweeps
from services.reconciler.day_claims import DayClaims
from services.reconciler.day_closings import DayClosings
from services.reconciler.density import Densities
from services.reconciler.discovery import Discovery
from services.reconciler.fetch import Fetch
from services.reconciler.holder_name import new_holder_name
from services.reconciler.jobs import JobStore
from services.reconciler.leadership import Leadership
from services.reconciler.leases import LeaseStore
from services.reconciler.metrics import RequestTally
from services.reconciler.ports import LedgerPort, TelnyxPort
from services.reconciler.pruning import Pruning
from services.reconciler.reader import Reader
from services.reconciler.reclaiming import Reclaiming
from services.reconciler.refusals import Refusals
from services.reconciler.repeating import Ticker
from services.reconciler.rounds import Rounds
from services.reconciler.schedule import Schedule
from services.reconciler.service import ReconcilerService
from services.reconciler.settings import ReconcilerSettings
from services.reconciler.surveys import Surveys
from services.reconciler.sweep_histories import SweepHistories
from services.reconciler.sweeps import Sweeps
from services.reconciler.trailing import SweepRules
from services.reconciler.trailing_sweeps import TrailingSweeps
from services.reconciler.usage_reading import UsageReading


class Reconciler:
    """The parts, connected. `jobs`, `discovery`, `rounds`, `sweeps`, `pruning` and `fetch` can each be used alone.

    `reader_of` makes a reader like their own over another Telnyx; `usage` is what reads usage_reports for all.
    """

    def __init__(
        self,
        settings: ReconcilerSettings,
        database: Database,
        ledger: LedgerPort,
        telnyx: TelnyxPort,
        clock: Clock,
    ) -> None:
        schedule = Schedule(settings.reconcile_delays_seconds)
        rules = SweepRules(settings.sweep_interval, settings.settle_horizon)
        tally = RequestTally()
        densities, refusals, claims = Densities(), Refusals(clock), DayClaims(ledger, clock)
        self.reader_of: Callable[[TelnyxPort], Reader] = lambda port: Reader(
            ledger, port, densities, refusals, tally, claims
        )
        reader = self.reader_of(telnyx)
        self._clock = clock
        self.leadership = Leadership(_leaders_lease_store(database), clock)
        self.jobs = JobStore(database)
        self.discovery = Discovery(ledger, self.jobs, schedule, rules.horizon, clock, tally)
        self.rounds = Rounds(self.jobs, ledger, reader, schedule, clock, tally)
        histories = SweepHistories(ledger, reader, rules, clock)
        surveys, usage = Surveys(ledger, reader, clock), UsageReading(ledger, telnyx)
        self.usage = usage
        self.sweeps = Sweeps(
            self.leadership,
            histories,
            ClosingSweeps(self.discovery, ledger, usage, reader, surveys, histories, rules, clock),
            TrailingSweeps(histories, reader, surveys, rules, settings.expected_record_types, clock),
            DayClosings(histories, reader, surveys, usage, ledger, rules, clock),
        )
        self.reclaiming = Reclaiming(self.jobs, clock)
        self.pruning = Pruning(self.jobs, clock)
        self.fetch = Fetch(ledger, reader, self.discovery, settings.expected_record_types, clock)

    @property
    def service(self) -> ReconcilerService:
        """The gRPC service over these parts."""
        return ReconcilerService(self.fetch, self.discovery, self.rounds, self.jobs)

    @asynccontextmanager
    async def running(self, *further: Ticker) -> AsyncIterator[Sequence[Ticker]]:
        """The timed loop, while the context is open: finding work, serving jobs, sweeping, pruning, side by side.

        `further` work has its turns beside these. Gives all of them.
        """
        tickers = (
            Ticker("finding work", self.discovery.tick, self._clock),
            # One of several asks for all: what is due together shares its requests, and one budget.
            Ticker("serving jobs", self.leadership.leading(self.rounds.tick), self._clock),
            Ticker("reclaiming jobs", self.reclaiming.tick, self._clock),
            Ticker("sweeping", self.sweeps.tick, self._clock),
            Ticker("pruning jobs", self.pruning.tick, self._clock),
            *further,
        )
        tasks = [asyncio.create_task(ticker.run()) for ticker in tickers]
        try:
            yield tickers
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(TollbookError):
                await self.leadership.give_up()


def new_lease_store(database: Database) -> LeaseStore:
    """Leases in a name that no other holder has, and that tells an operator which process it is."""
    return LeaseStore(database, new_holder_name())


def _leaders_lease_store(database: Database) -> LeaseStore:
    """As above; but a SQLite file has one process at a time, which need not wait for the lease of the one before."""
    return (
        LeaseStore(database, "the process of this file")
        if database.kind == "sqlite"
        else new_lease_store(database)
    )
