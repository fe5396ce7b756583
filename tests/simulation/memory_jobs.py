"""Jobs in memory, with the interface of the store: the contract suite runs the store's own cases on it."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.common.clock import Clock
from services.reconciler.attempt import Attempt
from services.reconciler.attempts import MAX_KEPT
from services.reconciler.job import Job, JobStatus
from services.reconciler.job_writes import Change
from services.reconciler.jobs import JobPage, JobPosition, JobStore


@dataclass(slots=True)
class _Held:
    """A job as it lies in the store."""

    row_id: int
    job: Job
    lease_until: datetime | None = None
    history: tuple[Attempt, ...] = ()
    expected: tuple[datetime, int, str] | None = None

    @property
    def due_at(self) -> datetime | None:
        """From when on it can be claimed, or reclaimed by the store's clock; None while it waits for nothing."""
        if self.job.status == "running":
            return self.lease_until
        return self.job.next_run_at if self.job.status == "pending" else None


class MemoryJobs(JobStore):
    """One process holds it, so nothing comes between reading a job and writing it back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._active: dict[str, _Held] = {}
        self._due: list[tuple[datetime, int, str]] = []
        self._count = 0
        self.given_up: dict[str, datetime] = {}
        """When jobs failed, those that settled later too."""

    async def merge(self, fresh: Sequence[Job], change: Change) -> None:
        for job in fresh:
            held = self._held.get(job.call_id)
            if held is None:
                self._count += 1
                self._put(_Held(self._count, job))
            elif held.job.status != "running":
                self._write(held, change(held.job))

    async def claim_due(self, now: datetime, limit: int, lease: timedelta) -> list[Job]:
        return self._claim(self._all_due(now)[:limit], now, lease)

    async def due(self, now: datetime, limit: int) -> list[Job]:
        return [held.job for held in self._all_due(now)[:limit]]

    async def claim_these(self, call_ids: Sequence[str], now: datetime, lease: timedelta) -> list[Job]:
        wanted = set(call_ids)
        return self._claim([held for held in self._all_due(now) if held.job.call_id in wanted], now, lease)

    async def renew(self, claimed: Sequence[Job], lease: timedelta) -> bool:
        ours = [held for job in claimed if (held := self._claimed(job)) is not None]
        for held in ours:
            held.lease_until = self._clock.now() + lease
            self._expect(held)
        return bool(ours)

    async def finish(self, judged: Sequence[Job]) -> list[Job]:
        ours = [(held, job) for job in judged if (held := self._claimed(job)) is not None]
        for held, job in ours:
            self._write(held, job)
        return [job for _, job in ours]

    async def reclaim(self, now: datetime) -> int:
        clock = self._clock.now()
        high = bisect_right(self._due, (clock, self._count + 1, ""))
        found = [self._active[call_id] for _, _, call_id in self._due[:high]]
        abandoned = [held for held in found if held.job.status == "running"]
        for held in abandoned:
            held.job, held.lease_until = replace(held.job, status="pending", updated_at=now), None
            self._expect(held)
        return len(abandoned)

    async def apply(self, call_ids: Sequence[str], change: Change) -> list[Job]:
        known = [self._held[call_id] for call_id in call_ids if call_id in self._held]
        idle = [held for held in known if held.job.status != "running"]
        return [job for held in idle if (job := self._write(held, change(held.job))) is not None]

    async def try_by_hand(self, call_id: str, attempt: Attempt, change: Change) -> list[Job]:
        held = self._held.get(call_id)
        if held is None:
            return []
        before = held.job
        changed = before if before.status == "running" else change(before)
        if changed is before:
            held.history = (*held.history, attempt)[-MAX_KEPT:]
            return []
        job = replace(changed, outcome=attempt)
        self._write(held, job)
        return [job]

    async def prune(self, completed_before: datetime, limit: int) -> int:
        old = [
            held
            for held in self._held.values()
            if held.job.status == "completed" and held.job.updated_at < completed_before
        ]
        old.sort(key=lambda held: (held.job.updated_at, held.row_id))
        for held in old[:limit]:
            del self._held[held.job.call_id]
        return len(old[:limit])

    async def open_ids(self) -> set[str]:
        return {held.job.call_id for held in self._active.values() if held.job.status != "running"}

    async def get(self, call_id: str) -> Job | None:
        held = self._held.get(call_id)
        return replace(held.job, outcome=None) if held is not None else None

    async def with_history(self, call_id: str) -> tuple[Job, tuple[Attempt, ...]] | None:
        held = self._held.get(call_id)
        return (replace(held.job, outcome=None), held.history) if held is not None else None

    async def page(self, status: JobStatus | None, limit: int, start: JobPosition | None) -> JobPage:
        wanted = [held for held in self._held.values() if status in {None, held.job.status}]
        wanted.sort(key=lambda held: (held.job.updated_at, held.row_id), reverse=True)
        if start is not None:
            here = (start.updated_at, start.row_id)
            wanted = [held for held in wanted if (held.job.updated_at, held.row_id) < here]
        shown = wanted[:limit]
        last = shown[-1] if len(wanted) > limit else None
        rest = JobPosition(last.job.updated_at, last.row_id) if last is not None else None
        return JobPage(tuple(replace(held.job, outcome=None) for held in shown), rest)

    async def count_by_status(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for held in self._active.values():
            counts[held.job.status] = counts.get(held.job.status, 0) + 1
        return counts

    def next_due_at(self) -> datetime | None:
        """When the next job can be claimed, or reclaimed."""
        return self._due[0][0] if self._due else None

    def _claimed(self, job: Job) -> _Held | None:
        """Where a job lies that is still claimed as it was; None where it no longer is."""
        held = self._held.get(job.call_id)
        is_ours = held is not None and held.job.status == "running" and held.job.fence == job.fence
        return held if is_ours else None

    def _all_due(self, now: datetime) -> list[_Held]:
        """What can be claimed now, longest due first."""
        high = bisect_right(self._due, (now, self._count + 1, ""))
        found = [self._active[call_id] for _, _, call_id in self._due[:high]]
        return [held for held in found if held.job.status == "pending"]

    def _claim(self, wanted: Sequence[_Held], now: datetime, lease: timedelta) -> list[Job]:
        for held in wanted:
            held.job = replace(held.job, status="running", fence=held.job.fence + 1, updated_at=now)
            held.lease_until = self._clock.now() + lease
            self._expect(held)
        return [held.job for held in wanted]

    def _expect(self, held: _Held) -> None:
        """Keep the order of what is due."""
        if held.expected is not None:
            del self._due[bisect_left(self._due, held.expected)]
        due_at = held.due_at
        held.expected = (due_at, held.row_id, held.job.call_id) if due_at is not None else None
        if held.expected is not None:
            insort(self._due, held.expected)

    def _put(self, held: _Held) -> None:
        self._held[held.job.call_id] = held
        if held.job.status == "completed":
            self._active.pop(held.job.call_id, None)
        else:
            self._active[held.job.call_id] = held
        self._expect(held)

    def _write(self, held: _Held, job: Job) -> Job | None:
        """Write a job that its change gave; None where it changed nothing."""
        if job.status == "failed":
            self.given_up[job.call_id] = self._clock.now()
        if job is held.job:
            return None
        held.job, held.lease_until = replace(job, outcome=None), None
        if job.outcome is not None:
            held.history = (*held.history, job.outcome)[-MAX_KEPT:]
        self._put(held)
        return job
