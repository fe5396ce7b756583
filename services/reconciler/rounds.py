"""Rounds of attempts: one round of readings serves all jobs that are due."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.reconciler import failpoints
from services.reconciler.budget import RequestBudget
from services.reconciler.holding import LeaseLost, holding
from services.reconciler.job import Job, broken_off, completed, postponed, tried
from services.reconciler.jobs import JobStore
from services.reconciler.metrics import WAITING_JOBS, RequestTally
from services.reconciler.pace import Rest
from services.reconciler.ports import MAX_IDS, LedgerPort, OpenItems
from services.reconciler.rationing import DueJob, choose
from services.reconciler.reader import Reader
from services.reconciler.repeating import PERIOD_S
from services.reconciler.schedule import Schedule

LEASE: Final = timedelta(seconds=30)
_MAX_JOBS: Final = 500
_MAX_ROUNDS: Final = 100
_MOST_WEIGHED: Final = 4_000
_BACKLOG_JOBS: Final = 300
_SWEEPS_FIRST_S: Final = 10.0
_SHORTEST_LOOK_S: Final = 5.0
_LONGEST_LOOK_S: Final = 60.0
_SHARE: Final = 0.85
_log = structlog.get_logger()


@dataclass(slots=True)
class RoundCounts:
    """What became of the jobs whose attempt ran."""

    processed: int = 0
    succeeded: int = 0
    failed: int = 0
    retried: int = 0

    def add(self, jobs: Sequence[Job]) -> None:
        """Count judged jobs."""
        self.processed += len(jobs)
        self.succeeded += sum(job.status == "completed" for job in jobs)
        self.failed += sum(job.status == "failed" for job in jobs)
        self.retried += sum(job.status == "pending" for job in jobs)


class Rounds:
    """Claims jobs that are due and serves them. One round at a time in this process.

    The timed loop lets jobs wait for others to share their requests where the budget would not last otherwise; who asks
    for a round gets all that is due.
    """

    def __init__(
        self,
        jobs: JobStore,
        ledger: LedgerPort,
        reader: Reader,
        schedule: Schedule,
        clock: Clock,
        tally: RequestTally,
    ) -> None:
        self._jobs = jobs
        self._ledger = ledger
        self._reader = reader
        self._schedule = schedule
        self._clock = clock
        self._tally = tally
        self._turn = asyncio.Lock()
        self._rest = Rest(_SHARE)
        self._budget = RequestBudget(at_s=clock.monotonic_s())
        self._look_at_s = 0.0
        self._is_first_look = True

    async def tick(self) -> float:
        """One turn of the timed loop."""
        now_s = self._clock.monotonic_s()
        if now_s < self._look_at_s or not self._rest.is_over(now_s):
            return PERIOD_S
        due = await self._jobs.due(self._clock.now(), _MOST_WEIGHED)
        if not due:
            WAITING_JOBS.set(0)
            return PERIOD_S
        if self._is_first_look and len(due) >= _BACKLOG_JOBS:
            # After an outage sweeps read what was missed, page by full page: they begin, and most of this is done.
            self._is_first_look, self._look_at_s = False, now_s + _SWEEPS_FIRST_S
            return PERIOD_S
        self._is_first_look = False
        chosen = await self._choose(due)
        # A round that a person asked for serves what is due, too; a turn that waited for its end would look stuck.
        if chosen and not self._turn.locked():
            async with self._turn:
                await self._run(self._jobs.claim_these(chosen, self._clock.now(), LEASE))
        return PERIOD_S

    async def _choose(self, due: Sequence[Job]) -> list[str]:
        """Ids of the jobs to serve now; what has settled costs nothing, and is among them."""
        try:
            answer = await self._unsettled([job.call_id for job in due])
        except TollbookError:
            # The attempt fails, and says so.
            return [job.call_id for job in due]
        items = {item.record_id: item for item in answer.items if not item.is_done}
        waiting = [DueJob(job, item) for job in due if (item := items.get(job.call_id)) is not None]
        ready = [one for one in waiting if not self._reader.is_being_read(one.item)]
        self._budget.refill(self._clock.monotonic_s())
        try:
            choice = choose(ready, self._reader.costs_of, self._budget, self._clock.now())
        except Exception:  # noqa: BLE001 - it is found out in the round which job is to blame
            _log.exception("choice.crashed", count=len(ready))
            return [job.call_id for job in due[:_MAX_JOBS]]
        WAITING_JOBS.set(len(waiting) - len(choice.chosen))
        if len(choice.chosen) < len(waiting):
            wait_s = self._budget.time_for_s(choice.shortfall)
            self._look_at_s = self._clock.monotonic_s() + min(_LONGEST_LOOK_S, max(_SHORTEST_LOOK_S, wait_s))
        settled = [job.call_id for job in due if job.call_id not in items]
        return settled + [one.job.call_id for one in choice.chosen]

    async def run_due(self, counts: RoundCounts) -> None:
        """Run rounds until nothing is due, adding to `counts` after each."""
        for _ in range(_MAX_ROUNDS):
            judged = await self.run_round()
            if not judged:
                return
            counts.add(judged)

    async def run_round(self) -> list[Job]:
        """Serve the jobs that are due now, at most a batch of them; gives them as they were judged."""
        async with self._turn:
            return await self._run(self._jobs.claim_due(self._clock.now(), _MAX_JOBS, LEASE))

    async def _run(self, claim: Awaitable[list[Job]]) -> list[Job]:
        """Claim jobs, serve them, and pay for it; gives those that were still ours in the end, as they were judged."""
        started_s = self._clock.monotonic_s()
        claimed = await claim
        if not claimed:
            return []
        failpoints.JOBS_CLAIMED.reached()
        asked_before = self._tally.requests_for("job")
        try:
            judged = await self._serve(claimed, started_s)
        except LeaseLost as error:
            _log.warning("round.lost", count=len(claimed), message=str(error))
            return []
        finally:
            ended_s = self._clock.monotonic_s()
            self._rest.worked(ended_s, ended_s - started_s)
            self._budget.refill(ended_s)
            self._budget.spent(
                self._tally.requests_for("job") - asked_before,
                len({job.session_id or job.call_id for job in claimed if not job.attempts}),
            )
        self._tell(judged)
        return judged

    async def _serve(self, claimed: Sequence[Job], claimed_s: float) -> list[Job]:
        """Raises LeaseLost."""
        held_for_s = self._clock.monotonic_s() - claimed_s
        async with holding(lambda: self._jobs.renew(claimed, LEASE), LEASE, held_for_s=held_for_s):
            judged = await self._attempt(claimed)
        failpoints.JOBS_JUDGED.reached()
        written = await self._jobs.finish(judged)
        failpoints.JOBS_FINISHED.reached()
        return written

    async def _unsettled(self, call_ids: Sequence[str]) -> OpenItems:
        """Which of these are still open, however many; as of the first answer."""
        answers = [
            await self._ledger.unsettled(call_ids[start : start + MAX_IDS])
            for start in range(0, max(1, len(call_ids)), MAX_IDS)
        ]
        return OpenItems(tuple(item for answer in answers for item in answer.items), answers[0].read_at)

    async def _attempt(self, claimed: Sequence[Job]) -> list[Job]:
        """Attempt all together; where that crashes, in halves, until the jobs that are to blame are found."""
        try:
            return await self._attempt_together(claimed)
        except Exception as error:  # noqa: BLE001 - one job that nobody foresaw must not stop all others
            if len(claimed) == 1:
                _log.exception("job.crashed", call_id=claimed[0].call_id)
                reason = f"the attempt failed unexpectedly: {type(error).__name__}"
                return [broken_off(claimed[0], reason, self._schedule, self._clock.now())]
        middle = len(claimed) // 2
        return await self._attempt(claimed[:middle]) + await self._attempt(claimed[middle:])

    async def _attempt_together(self, claimed: Sequence[Job]) -> list[Job]:
        try:
            # What settled since these jobs were made due costs no quota.
            before = await self._unsettled([job.call_id for job in claimed])
            open_items = [item for item in before.items if not item.is_done]
            faults = await self._reader.look_for(open_items, "job")
            after = before
            if open_items:
                after = await self._unsettled([item.record_id for item in open_items])
        except TollbookError as error:
            reason = f"the attempt could not begin or end: {error}"
            return [postponed(job, reason, self._clock.now()) for job in claimed]
        tried_ids = {item.record_id for item in open_items}
        still_open = {item.record_id: item for item in after.items if not item.is_done}
        now = self._clock.now()
        return [
            tried(job, item, faults, self._schedule, after.read_at, now)
            if (item := still_open.get(job.call_id)) is not None
            else completed(job, after.read_at, now, by_attempt=job.call_id in tried_ids)
            for job in claimed
        ]

    def _tell(self, judged: Sequence[Job]) -> None:
        counts = RoundCounts()
        counts.add(judged)
        for job in judged:
            line = _log.bind(call_id=job.call_id, attempts=job.attempts)
            prefix = f"[FETCH CALL COST] {job.call_id}:"
            if job.status == "completed":
                self._tally.settled(job.attempts)
                line.info("job.completed", message=f"{prefix} exact")
            elif job.status == "failed":
                line.warning("job.failed", message=f"{prefix} {job.last_error}")
            else:
                line.info("job.retried", message=f"{prefix} {job.last_error}")
        _log.info(
            "round.finished",
            processed=counts.processed,
            succeeded=counts.succeeded,
            failed=counts.failed,
            retried=counts.retried,
        )
