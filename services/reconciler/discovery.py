"""Finds the work: asks the ledger, again and again, what is open (level-triggered, so nothing can get lost)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.common.clock import Clock
from services.reconciler import failpoints
from services.reconciler.attempt import Attempt
from services.reconciler.closing import closable_at
from services.reconciler.items import OpenItem
from services.reconciler.job import Job, completed, new_job, seen_again
from services.reconciler.job_writes import Change
from services.reconciler.jobs import JobStore
from services.reconciler.metrics import JOBS, OLDEST_UNSETTLED_S, UNSETTLED, RequestTally
from services.reconciler.ports import MAX_IDS, LedgerPort, OpenItems
from services.reconciler.repeating import PERIOD_S
from services.reconciler.schedule import Schedule

FULL_EVERY_S: Final = 60.0
OVERLAP: Final = timedelta(seconds=60)
"""How much of what was already listed is listed again: commits may become visible out of order."""

_CLOSABLE_SOON: Final = timedelta(seconds=2 * FULL_EVERY_S)
_MAX_CLOSABLE: Final = 20_000
_STATUSES: Final = ("pending", "running", "failed")


class Discovery:
    """Keeps the jobs in step with the ledger: what is new each second, everything each minute.

    `closable` holds the items that closing sweeps can help now or soon.
    """

    def __init__(
        self,
        ledger: LedgerPort,
        jobs: JobStore,
        schedule: Schedule,
        horizon: timedelta,
        clock: Clock,
        tally: RequestTally,
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._schedule = schedule
        self._horizon = horizon
        self._clock = clock
        self._tally = tally
        self._read_at: datetime | None = None
        self._full_at_s = 0.0
        self._handled: dict[str, datetime] = {}
        self._turn = asyncio.Lock()
        self.closable: dict[str, OpenItem] = {}

    async def tick(self) -> float:
        """One turn of the timed loop."""
        async with self._turn:
            if self._read_at is None or self._clock.monotonic_s() >= self._full_at_s:
                await self._list_all()
            else:
                await self._list_new(self._read_at - OVERLAP)
        return PERIOD_S

    async def look_now(self) -> None:
        """Take in what is new without waiting for the next turn."""
        async with self._turn:
            await self._list_new(self._read_at - OVERLAP if self._read_at else None)

    def look_at_all_soon(self) -> None:
        """Compare everything at the next turn: something may have settled."""
        self._full_at_s = 0.0

    async def _list_new(self, changed_since: datetime | None) -> None:
        read_at: datetime | None = None
        async for page in self._ledger.list_unsettled(changed_since):
            # What changes while pages are listed may lie before the place reached: go on from the first page's time.
            read_at = read_at or page.read_at
            await self._take_in(page, [item for item in page.items if self._is_news(item)])
        self._read_at = read_at or self._read_at

    async def _list_all(self) -> None:
        """Take in everything that is open, and complete the jobs of what no longer is."""
        next_full_at_s = self._clock.monotonic_s() + FULL_EVERY_S
        read_at: datetime | None = None
        open_ids: set[str] = set()
        unsettled_since: list[datetime] = []
        self._handled.clear()
        self.closable.clear()
        async for page in self._ledger.list_unsettled(None):
            read_at = read_at or page.read_at
            await self._take_in(page, list(page.items))
            open_ids.update(item.record_id for item in page.items)
            unsettled_since += [item.opened_at for item in page.items if not item.settled]
        await self._complete_vanished(open_ids)
        self._read_at = read_at
        self._full_at_s = next_full_at_s
        await self._show(unsettled_since)

    def _is_news(self, item: OpenItem) -> bool:
        return self._handled.get(item.record_id) != item.changed_at

    async def _take_in(self, page: OpenItems, items: list[OpenItem]) -> None:
        """Make, change or complete the jobs of these items."""
        if not items:
            return
        failpoints.WORK_LISTED.reached()
        now = self._clock.now()
        by_id = {item.record_id: item for item in items}
        fresh = [new_job(item, self._schedule, page.read_at, now) for item in by_id.values()]
        await self._jobs.merge(
            fresh, lambda job: seen_again(job, by_id[job.call_id], self._schedule, page.read_at, now)
        )
        failpoints.WORK_MERGED.reached()
        for item in items:
            self._handled[item.record_id] = item.changed_at
            self._keep_if_closable(item, now)

    def _keep_if_closable(self, item: OpenItem, now: datetime) -> None:
        is_soon = closable_at(item, self._horizon) <= now + _CLOSABLE_SOON
        if is_soon and (len(self.closable) < _MAX_CLOSABLE or item.record_id in self.closable):
            self.closable[item.record_id] = item

    async def _complete_vanished(self, open_ids: set[str]) -> None:
        """Complete each open job whose item the ledger no longer lists, after asking it once more."""
        vanished = sorted(await self._jobs.open_ids() - open_ids)
        for start in range(0, len(vanished), MAX_IDS):
            await self.complete_settled(vanished[start : start + MAX_IDS])

    async def complete_settled(self, job_ids: Sequence[str]) -> None:
        """Complete those of these jobs (at most MAX_IDS) whose items the ledger counts as settled."""
        answer = await self._ledger.unsettled(job_ids)
        still_open = {item.record_id for item in answer.items if not item.is_done}
        settled = [job_id for job_id in job_ids if job_id not in still_open]
        self._count(await self._jobs.apply(settled, self._completion(answer.read_at)))
        failpoints.WORK_COMPLETED.reached()

    async def tried_by_hand(self, job_id: str, attempt: Attempt) -> None:
        """Take in what an attempt that a person asked for came to, if there is a job."""
        change: Change = _unchanged
        if attempt.is_settled:
            answer = await self._ledger.unsettled([job_id])
            if all(item.is_done for item in answer.items):
                change = self._completion(answer.read_at)
        self._count(await self._jobs.try_by_hand(job_id, attempt, change))

    def _completion(self, known_at: datetime) -> Change:
        now = self._clock.now()

        def change(job: Job) -> Job:
            # Whoever asked the ledger later knows better: this process may have been frozen since.
            is_news = job.status != "completed" and known_at >= job.known_at
            return completed(job, known_at, now) if is_news else job

        return change

    def _count(self, settled: Sequence[Job]) -> None:
        for job in settled:
            self._tally.settled(job.attempts)

    async def _show(self, unsettled_since: list[datetime]) -> None:
        counts = await self._jobs.count_by_status()
        for status in _STATUSES:
            JOBS.labels(status=status).set(counts.get(status, 0))
        UNSETTLED.set(len(unsettled_since))
        oldest = min(unsettled_since, default=None)
        OLDEST_UNSETTLED_S.set((self._clock.now() - oldest).total_seconds() if oldest else 0.0)


def _unchanged(job: Job) -> Job:
    return job
