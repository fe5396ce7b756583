"""Runs the reconciler's own rounds and sweeps against the planner's world, and tells what they asked for.

python -m tests.simulation.planner_run 10000 1      (sessions per day, days)
"""

import asyncio
import heapq
import itertools
import logging
import sys
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import structlog

from services.reconciler.closing_sweeps import ClosingSweeps
from services.reconciler.day_claims import DayClaims
from services.reconciler.day_closings import DayClosings
from services.reconciler.density import Densities
from services.reconciler.discovery import Discovery
from services.reconciler.metrics import RequestTally
from services.reconciler.reader import Reader
from services.reconciler.refusals import Refusals
from services.reconciler.rounds import Rounds
from services.reconciler.schedule import Schedule
from services.reconciler.surveys import Surveys
from services.reconciler.sweep_histories import SweepHistories
from services.reconciler.trailing import SweepRules
from services.reconciler.trailing_sweeps import TrailingSweeps
from services.reconciler.usage_reading import UsageReading
from tests.simulation.planner_lags import HANG_UP_TAKES_S, Lag, Lags, quantile
from tests.simulation.planner_traffic import PlannedLeg, PlannedRow, traffic
from tests.simulation.planner_world import START, PlannerJobs, PlannerLedger, PlannerTelnyx
from tests.support.clocks import ManualClock

_SCHEDULE = Schedule((5, 30, 60, 120, 240, 480, 960))
_RULES = SweepRules(timedelta(seconds=900), timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. Delays are from hang-up to exact, lags from when Telnyx had all that a leg waits for."""

    session_count: int
    asked: Counter[str]
    row_count: int
    held_count: int
    delays_s: tuple[float, ...]
    lags: tuple[Lag, ...]
    open_count: int

    @property
    def per_session(self) -> float:
        """Requests per session, all of them."""
        return self.asked.total() / max(1, self.session_count)

    def delay_s(self, share: float) -> float:
        """Within what delay this share of the legs became exact."""
        return quantile(self.delays_s, share)

    def lag_s(self, share: float) -> float:
        """Within what time this share of the legs became exact once Telnyx had all that they waited for."""
        return quantile((lag.lag_s for lag in self.lags), share)

    def beyond_s(self, share: float) -> float:
        """The same, from the next attempt of the schedule on."""
        return quantile((lag.beyond_s for lag in self.lags), share)


class PlannerRun:
    """The parts of a reconciler on a clock of their own."""

    def __init__(self, per_day: int, length_s: float, seed: int = 1) -> None:
        self.clock = ManualClock(START)
        self.ledger = PlannerLedger(self.clock, _RULES.horizon)
        self.telnyx = PlannerTelnyx(self.clock)
        self.jobs = cast(Any, PlannerJobs())
        tally = RequestTally()
        reader = Reader(
            self.ledger,
            self.telnyx,
            Densities(),
            Refusals(self.clock),
            tally,
            DayClaims(self.ledger, self.clock),
        )
        self.discovery = Discovery(self.ledger, self.jobs, _SCHEDULE, _RULES.horizon, self.clock, tally)
        self.rounds = Rounds(self.jobs, self.ledger, reader, _SCHEDULE, self.clock, tally)
        histories = SweepHistories(self.ledger, reader, _RULES, self.clock)
        surveys, usage = Surveys(self.ledger, reader, self.clock), UsageReading(self.ledger, self.telnyx)
        self.closing = ClosingSweeps(
            self.discovery, self.ledger, usage, reader, surveys, histories, _RULES, self.clock
        )
        self.trailing = TrailingSweeps(
            histories, reader, surveys, _RULES, ("sip-trunking", "call-control"), self.clock
        )
        self.days = DayClosings(histories, reader, surveys, usage, self.ledger, _RULES, self.clock)
        self._happenings: list[tuple[float, int, PlannedLeg | PlannedRow]] = []
        numbers = itertools.count()
        self.session_count = 0
        self._lag_of = Lags(_SCHEDULE, _RULES.interval)
        for session in traffic(per_day, length_s, seed):
            self.session_count += 1
            self._lag_of.expect(session)
            for leg in session.legs:
                self._happenings.append((leg.end_s + HANG_UP_TAKES_S, next(numbers), leg))
            for row in session.rows:
                self._happenings.append((row.visible_s, next(numbers), row))
        heapq.heapify(self._happenings)
        self.row_count = 0
        self.hung_up = 0
        self.asked: Counter[str] = Counter()

    def _happen(self) -> None:
        now_s = self.clock.monotonic_s()
        while self._happenings and self._happenings[0][0] <= now_s:
            _, _, happening = heapq.heappop(self._happenings)
            if isinstance(happening, PlannedLeg):
                self.hung_up += 1
                self.ledger.open(happening)
            else:
                self.row_count += 1
                self.telnyx.publish(happening)

    async def until(self, end_s: float, step_s: float = 5.0) -> None:
        """Let the loop turn until a second of the simulation."""
        while self.clock.monotonic_s() < end_s:
            self._happen()
            await self.discovery.tick()
            await self._counted("jobs", self.rounds.tick())
            self._happen()
            if not await self._sweep():
                self.clock.advance(step_s)

    def away_until(self, end_s: float) -> None:
        """Let time pass while nobody reconciles."""
        self.clock.advance(end_s - self.clock.monotonic_s())
        self._happen()

    async def _sweep(self) -> bool:
        return (
            bool(await self._counted("closing", self.closing.step()))
            or bool(await self._counted("trailing", self.trailing.step()))
            or bool(await self._counted("days", self.days.step()))
        )

    async def _counted(self, work: str, turn: Awaitable[object]) -> object:
        before = self.telnyx.asked.copy()
        result = await turn
        for kind, count in (self.telnyx.asked - before).items():
            self.asked[f"{work}: {kind}"] += count
        return result

    def outcome(self) -> Outcome:
        """Where it stands."""
        return Outcome(
            session_count=self.session_count,
            asked=self.asked,
            row_count=self.row_count,
            held_count=sum(len(shelf.rows) for shelf in self.ledger.shelves.values()),
            delays_s=tuple(self.ledger.delays_s),
            lags=self._lag_of.lags(self.ledger.exact_s, self.clock.monotonic_s()),
            open_count=len(self.ledger.items),
        )


def main() -> None:
    """Run and tell."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    per_day, days = int(sys.argv[1]), float(sys.argv[2])
    run = PlannerRun(per_day, days * 86_400)
    asyncio.run(run.until(days * 86_400))
    outcome = run.outcome()
    kinds = {kind: round(count / outcome.session_count, 3) for kind, count in outcome.asked.most_common()}
    sys.stdout.write(
        f"{outcome.session_count} sessions, {outcome.row_count} records, of which {outcome.held_count} are held; "
        f"{outcome.open_count} legs are open\n{outcome.per_session:.3f} requests per session: {kinds}\n"
        f"exact after {outcome.delay_s(0.5):.0f} s (median), {outcome.delay_s(0.95):.0f} s (p95)\n"
        f"once Telnyx had all: {outcome.lag_s(0.5):.0f} s (median), {outcome.lag_s(0.99):.0f} s (p99)\n"
        f"beyond the next attempt: {outcome.beyond_s(0.5):.0f} s (median), {outcome.beyond_s(0.99):.0f} s (p99)\n"
    )


if __name__ == "__main__":
    main()
