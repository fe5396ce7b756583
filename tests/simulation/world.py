"""One simulated world: a Telnyx account, the book, the reconciler, and everything that happens to them in time."""

import asyncio
import heapq
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count, islice

from services.common.errors import Unavailable
from services.ledger.facts import Rules
from services.ledger.learned_rates import learn_rates
from services.reconciler.repeating import Ticker
from services.reconciler.windows import Window
from services.telnyx_vocabulary.record_types import RECORD_TYPES
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.simulation.account import Account
from tests.simulation.api import SimulatedGateway, Telnyx
from tests.simulation.faults import Faults
from tests.simulation.invariants import drift
from tests.simulation.memory_book import MemoryBook
from tests.simulation.memory_jobs import MemoryJobs
from tests.simulation.memory_ledger import MemoryLedger
from tests.simulation.quota import RequestMeter
from tests.simulation.reconciling import Reconciling
from tests.simulation.restoring import Backup, Restore, copy_of
from tests.simulation.scenario import UNKNOWN_TYPES, Scenario
from tests.simulation.traffic import Traffic
from tests.simulation.virtual_loop import START, VirtualClock

_DAY_S = 86_400.0
_PERIOD_S = 1.0
_SELDOM_S = 7_200.0
_MINUTES_S = 300.0
_RETRIES = 3
_STEPS_TO_A_CRASH = 400
_LEARNS_DAILY = 7
_CALLS_TO_LEARN_FROM = 4_000


class World:
    """Everything of one scenario. Run `live` in a virtual loop."""

    def __init__(self, scenario: Scenario, loop: asyncio.AbstractEventLoop) -> None:
        self.scenario = scenario
        self.clock = VirtualClock(loop)
        self.faults = Faults(scenario.seed, scenario.rates)
        lifetime_days, rates = scenario.end_s / _DAY_S, scenario.rates
        self.account = Account()
        self.meter = RequestMeter(
            rivals=self.faults.stretches(lifetime_days, rates.rivals_per_day, 1_800),
            storms=self.faults.stretches(lifetime_days, rates.storms_per_day, 600),
        )
        self.telnyx = Telnyx(
            account=self.account,
            meter=self.meter,
            faults=self.faults,
            unknown_types=UNKNOWN_TYPES,
            silences=scenario.silences,
            strangers=scenario.strangers,
            outages=scenario.outages,
        )
        self.gateway = SimulatedGateway(self.telnyx, self.clock)
        self._work = asyncio.Event()
        rules = Rules()
        self.flat_nanos = rules.fallback_nanos_per_minute
        self.book = MemoryBook(self.clock, rules, between=self._ledger_fails, on_change=self._work.set)
        self.jobs = MemoryJobs(self.clock)
        self.traffic = Traffic(scenario.seed)
        self.events: list[WebhookEvent] = []
        self.session_count = 0
        self.crash_count = 0
        self.lost_count = 0
        self.converged_after_s: float | None = None
        self._backups: dict[Restore, Backup] = {}
        self._jobs_are_chosen = False
        self._deliveries: list[tuple[float, int, int, WebhookEvent]] = []
        self._numbers = count()

    async def live(self) -> Reconciling:
        """From the first conversation to long after the last; gives the reconciler as it stands at the end."""
        telling = asyncio.create_task(self._tell())
        learning = asyncio.create_task(self._learn())
        await asyncio.sleep(self.scenario.down_s)
        moments = self.faults.moments(self.scenario.end_s / _DAY_S, self.scenario.rates.crashes_per_day)
        lives = [at_s for at_s in moments if at_s > self.scenario.down_s]
        restores = {restore.restored_s: restore for restore in self.scenario.restores}
        beside = [asyncio.create_task(self._back_up(restore)) for restore in self.scenario.restores]
        for moment_s in (*sorted({*lives, *restores}), self.scenario.end_s):
            reconciling = await self._reconcile_until(moment_s)
            if moment_s in restores:
                self._restore(restores[moment_s])
                beside.append(asyncio.create_task(self._converge()))
        await asyncio.gather(telling, *beside)
        learning.cancel()
        return reconciling

    async def _converge(self) -> None:
        """Note how long it takes until the book that was restored is the bill again."""
        restored_s = self.clock.monotonic_s()
        while drift(self.book, self.account):  # noqa: ASYNC110 - in virtual time
            await asyncio.sleep(_MINUTES_S)
        self.converged_after_s = self.clock.monotonic_s() - restored_s

    async def _back_up(self, restore: Restore) -> None:
        await asyncio.sleep(restore.backed_up_s - self.clock.monotonic_s())
        self._backups[restore] = copy_of(self.book, self.jobs, len(self.events))

    def _restore(self, restore: Restore) -> None:
        """What was acknowledged since is gone: Telnyx will not send it again."""
        backup = self._backups.pop(restore)
        self.book = backup.book
        del self.events[backup.event_count :]
        self.lost_count = len(drift(self.book, self.account))
        self._jobs_are_chosen = True
        if restore.jobs != "newer":
            self.jobs = backup.jobs if restore.jobs == "older" else MemoryJobs(self.clock)

    async def sweep_all(self, reconciling: Reconciling) -> None:
        """The last sweep: every type, over all of the simulated time. Faults are over by now."""
        self.faults.rates = replace(self.faults.rates, partial_page=0, server_fault=0, ledger_fault=0)
        self.meter.rivals = self.meter.storms = ()
        for known in RECORD_TYPES:
            if known.has_money and known.name not in UNKNOWN_TYPES:
                for window in self._pieces(known.name):
                    await reconciling.reader.sweep(known.name, window)

    def _pieces(self, record_type: str) -> Iterable[Window]:
        """All of the time in windows of at most some thousand rows."""
        total = self.account.count(record_type)
        pieces = max(1, total // 5_000)
        begin, end = START - timedelta(days=1), self.clock.now()
        step = (end - begin) / pieces
        return [Window(begin + step * number, begin + step * (number + 1)) for number in range(pieces)]

    async def _reconcile_until(self, moment_s: float) -> Reconciling:
        """One life of the reconciler. It ends somewhere between two steps of whatever it is at then."""
        if self.faults.happens(0.3) and not self._jobs_are_chosen:
            self.jobs = MemoryJobs(self.clock)
        self._jobs_are_chosen = False
        ledger = MemoryLedger(self.book, self.faults)
        reconciling = Reconciling(
            self.scenario.settings, self.jobs, ledger, self.gateway, self.gateway, self.clock
        )
        tasks = [
            asyncio.create_task(self._serve(reconciling)),
            asyncio.create_task(self._sweep(reconciling)),
            asyncio.create_task(_repeat(reconciling.pruning)),
            asyncio.create_task(_repeat(reconciling.auditing)),
        ]
        await self._unless_broken(tasks, moment_s - self.clock.monotonic_s())
        if moment_s < self.scenario.end_s:
            self.crash_count += 1
            # Most moments are idle ones: wait until something is under way.
            for _ in range(int(self.faults.uniform(0, _STEPS_TO_A_CRASH))):
                await asyncio.sleep(0 if self.telnyx.is_busy else 0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return reconciling

    async def _unless_broken(self, tasks: Iterable[asyncio.Task[None]], wait_s: float) -> None:
        """Wait; raises what ends one of the tasks, none of which ever ends by itself."""
        broken, _ = await asyncio.wait(tasks, timeout=max(0.0, wait_s), return_when=asyncio.FIRST_COMPLETED)
        for task in broken:
            task.result()

    async def _serve(self, reconciling: Reconciling) -> None:
        """Find and serve jobs at the moments when there may be any."""
        while True:
            await reconciling.finding.turn()
            await reconciling.serving.turn()
            await asyncio.sleep(self.scenario.pace_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._work.wait(), self._idle_s())
            self._work.clear()

    def _idle_s(self) -> float:
        """Until a job is due or an item opens; and every so often, whatever happens."""
        now = self.clock.now()
        moments = [now + self.scenario.patience, self.jobs.next_due_at(), self.book.work.next_opening(now)]
        return max(0.0, (min(at for at in moments if at is not None) - now).total_seconds())

    async def _sweep(self, reconciling: Reconciling) -> None:
        patience_s = self.scenario.patience.total_seconds()
        while True:
            wait_s = await reconciling.sweeping.turn()
            await asyncio.sleep(patience_s if wait_s == _PERIOD_S else wait_s)

    async def _learn(self) -> None:
        """Every now and then the book learns what calls cost; at first every day."""
        for day in count(1):
            await asyncio.sleep(_DAY_S)
            if self.scenario.learns and (day < _LEARNS_DAILY or day % _LEARNS_DAILY == 0):
                newest_first = islice(reversed(self.book.exact_calls.values()), _CALLS_TO_LEARN_FROM)
                self.book.rules = replace(self.book.rules, rates=learn_rates(newest_first))

    async def _tell(self) -> None:
        """Traffic happens, and its webhooks arrive."""
        for day in range(self.scenario.days):
            self._happen(day)
            await self._deliver_until((day + 1) * _DAY_S)
        await self._deliver_until(self.scenario.end_s)

    def _happen(self, day: int) -> None:
        for talk in self.traffic.day(day, self.scenario.sessions_per_day, self.scenario.shape):
            self.session_count += 1
            for fields in talk.rows:
                self.account.add(self.faults.published(fields, talk.end_s))
            for event in talk.events:
                happened_s = (event.occurred_at - START).total_seconds()
                for at_s, told in self.faults.deliveries(event, happened_s):
                    self._send(at_s, 0, told)

    def _send(self, at_s: float, attempt: int, event: WebhookEvent) -> None:
        heapq.heappush(self._deliveries, (at_s, next(self._numbers), attempt, event))

    async def _deliver_until(self, end_s: float) -> None:
        while self._deliveries and self._deliveries[0][0] < end_s:
            await asyncio.sleep(max(0.0, self._deliveries[0][0] - self.clock.monotonic_s()))
            now_s = self.clock.monotonic_s()
            batch = []
            while self._deliveries and self._deliveries[0][0] <= now_s + 1e-6:
                batch.append(heapq.heappop(self._deliveries))
            self._receive(now_s, batch)
        await asyncio.sleep(max(0.0, end_s - self.clock.monotonic_s()))

    def _receive(self, now_s: float, batch: list[tuple[float, int, int, WebhookEvent]]) -> None:
        """What is not acknowledged is sent again a few times, within seconds, and is then gone."""
        events = [event for *_, event in batch]
        try:
            self.book.record_events(events)
        except Unavailable:
            for _, _, attempt, event in batch:
                if attempt < _RETRIES:
                    self._send(now_s + 2.0 ** (attempt + 1), attempt + 1, event)
            return
        self.events += events

    def _ledger_fails(self) -> None:
        if self.faults.happens(self.faults.rates.ledger_fault):
            raise Unavailable("the ledger is being restarted")


async def _repeat(ticker: Ticker) -> None:
    """Turns that come seldom enough to be taken at the times they ask for."""
    wait_s = 0.0
    while True:
        await asyncio.sleep(wait_s)
        wait_s = max(_SELDOM_S, await ticker.turn())
