"""The reconciler's own parts, wired as its composition root wires them, on jobs in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.common.clock import Clock
from services.reconciler.audit.auditor import Auditor
from services.reconciler.audit.ports import UsageProductsPort
from services.reconciler.audit.rereading import Rereading
from services.reconciler.audit.usage_refresh import UsageRefresh
from services.reconciler.closing_sweeps import ClosingSweeps
from services.reconciler.day_claims import DayClaims
from services.reconciler.day_closings import DayClosings
from services.reconciler.density import Densities
from services.reconciler.discovery import Discovery
from services.reconciler.fetch import Fetch
from services.reconciler.leadership import Leadership
from services.reconciler.metrics import RequestTally
from services.reconciler.polling.daily_audit import DailyAudit
from services.reconciler.ports import TelnyxPort
from services.reconciler.pruning import Pruning
from services.reconciler.reader import Reader
from services.reconciler.reclaiming import Reclaiming
from services.reconciler.refusals import Refusals
from services.reconciler.repeating import Ticker
from services.reconciler.rounds import Rounds
from services.reconciler.schedule import Schedule
from services.reconciler.settings import ReconcilerSettings
from services.reconciler.surveys import Surveys
from services.reconciler.sweep_histories import SweepHistories
from services.reconciler.sweeps import Sweeps
from services.reconciler.trailing import SweepRules
from services.reconciler.trailing_sweeps import TrailingSweeps
from services.reconciler.usage_reading import UsageReading
from tests.simulation.memory_jobs import MemoryJobs
from tests.simulation.memory_ledger import MemoryLedger


class _Alone(Leadership):
    """There is one reconciler, and it sweeps."""

    def __init__(self) -> None:
        """No lease is needed."""

    async def is_held(self) -> bool:
        return True

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        yield


class Reconciling:
    """One life of the reconciler's process, from its start to its crash. See services/reconciler/reconciler.py."""

    def __init__(
        self,
        settings: ReconcilerSettings,
        jobs: MemoryJobs,
        ledger: MemoryLedger,
        telnyx: TelnyxPort,
        products: UsageProductsPort,
        clock: Clock,
    ) -> None:
        schedule = Schedule(settings.reconcile_delays_seconds)
        rules = SweepRules(settings.sweep_interval, settings.settle_horizon)
        tally = RequestTally()
        self.jobs = jobs
        self.reader = Reader(ledger, telnyx, Densities(), Refusals(clock), tally, DayClaims(ledger, clock))
        self.discovery = Discovery(ledger, jobs, schedule, rules.horizon, clock, tally)
        rounds = Rounds(jobs, ledger, self.reader, schedule, clock, tally)
        histories = SweepHistories(ledger, self.reader, rules, clock)
        surveys, usage = Surveys(ledger, self.reader, clock), UsageReading(ledger, telnyx)
        alone = _Alone()
        sweeps = Sweeps(
            alone,
            histories,
            ClosingSweeps(self.discovery, ledger, usage, self.reader, surveys, histories, rules, clock),
            TrailingSweeps(histories, self.reader, surveys, rules, settings.expected_record_types, clock),
            DayClosings(histories, self.reader, surveys, usage, ledger, rules, clock),
        )
        auditor = Auditor(
            ledger,
            ledger,
            UsageRefresh(usage, products),
            usage.asked_at,
            Rereading(self.reader, clock),
            rules.horizon,
            clock,
        )
        self.fetch = Fetch(ledger, self.reader, self.discovery, settings.expected_record_types, clock)
        self.finding = Ticker("finding work", self.discovery.tick, clock)
        reclaiming = Reclaiming(jobs, clock)

        async def serve() -> float:
            await reclaiming.tick()
            return await rounds.tick()

        self.serving = Ticker("serving jobs", serve, clock)
        self.sweeping = Ticker("sweeping", sweeps.tick, clock)
        self.pruning = Ticker("pruning jobs", Pruning(jobs, clock).tick, clock)
        self.auditing = Ticker("auditing", DailyAudit(alone, auditor.audit, rules.horizon, clock).tick, clock)
