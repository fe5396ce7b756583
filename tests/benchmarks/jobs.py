"""How many jobs the reconciler's store makes, and claims and completes, a second; on both stores, in one process.

What it does is what the reconciler does: jobs of 1,000 listed items at a time are merged, due ones are claimed under a
lease in rounds of 500, judged, and written back by who still holds the fence, with a line of history each. PostgreSQL
syncs every commit. "Side by side" are two rounds of one process at the same time, as two reconcilers would have them.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import text

from services.common.database import Database, open_database
from services.common.memory import keep_what_is_loaded
from services.common.migrations import migrate
from services.reconciler.items import OpenItem
from services.reconciler.job import Job, completed, new_job, seen_again
from services.reconciler.jobs import JobStore
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.schedule import Schedule
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.support.databases import DATABASE_KINDS, DatabaseKind
from tests.support.postgres import PostgresStartError, running_postgres

GOAL_PER_S: Final = 20_000.0

_NOON: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_SCHEDULE: Final = Schedule((5, 30, 60, 120, 240, 480, 960))
_LEASE: Final = timedelta(seconds=30)
_LISTED: Final = 1_000
_ROUND: Final = 500
_SIDE_BY_SIDE: Final = {"one round after the other": 1, "two rounds side by side": 2}
_NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class _Spent:
    """What a number of jobs took: in all, and of it on this process's own processor."""

    job_count: int
    wall_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        return self.job_count / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Per job."""
        return self.cpu_s / self.job_count * 1_000_000


def measure(effort: Effort) -> Report:
    """Jobs per second of one process."""
    job_count = 2_000 if effort.is_quick else 30_000
    measured: list[Measured] = []
    notes = [f"{job_count:,} jobs each time, in rounds of {_ROUND}, by one process."]
    for kind in DATABASE_KINDS:
        tell(f"jobs on {kind}")
        try:
            with _database(kind) as database:
                measured += asyncio.run(_measure(database, job_count, effort.rounds))
        except PostgresStartError as error:
            notes.append(f"Without {_NAMES[kind]}: {error}")
    title = "Jobs, from listed to completed"
    return Report(part="jobs", title=title, measured=tuple(measured), notes=tuple(notes))


async def _measure(database: Database, job_count: int, rounds: int) -> list[Measured]:
    store = JobStore(database)
    await _take_in(store, _items("warm-up", 5 * _LISTED))
    await _complete_all(store, 1)
    # As autovacuum does before long; until then PostgreSQL guesses.
    await database.write_async(lambda connection: connection.execute(text("ANALYZE")))
    keep_what_is_loaded()
    made: list[_Spent] = []
    again: list[_Spent] = []
    served: dict[str, list[_Spent]] = {name: [] for name in _SIDE_BY_SIDE}
    for turn in range(rounds):
        for name, at_once in _SIDE_BY_SIDE.items():
            items = _items(f"{turn}-{at_once}", job_count)
            made.append(await _take_in(store, items))
            again.append(await _take_in(store, items))
            served[name].append(await _complete_all(store, at_once))
    subject = _NAMES[database.kind]
    goal = GOAL_PER_S if database.kind == "postgresql" else None
    return [
        *_figures(f"{subject}, made of what is listed first", made),
        *_figures(f"{subject}, compared with what is listed again", again),
        *(
            figure
            for name, spent in served.items()
            for figure in _figures(f"{subject}, claimed and completed, {name}", spent, goal)
        ),
    ]


def _figures(subject: str, spent: Sequence[_Spent], goal: float | None = None) -> tuple[Measured, ...]:
    rates = tuple(one.per_s for one in spent)
    own_us = tuple(one.cpu_us for one in spent)
    return (
        Measured(subject=subject, name="jobs", unit="/s", values=rates, at_least=goal),
        Measured(subject=subject, name="CPU of the reconciler, each", unit="µs", values=own_us),
    )


def _items(prefix: str, count: int) -> list[OpenItem]:
    return [
        OpenItem(
            kind="call",
            record_id=f"v3:{prefix}-{number:08}-made-up-and-as-long-as-real-ids-are",
            session_id=f"{number:08}-0000-4000-8000-made-up",
            start_at=_NOON,
            end_at=_NOON,
            opened_at=_NOON,
            changed_at=_NOON,
            missing=("sip-trunking", "call-control"),
        )
        for number in range(count)
    ]


async def _take_in(store: JobStore, items: Sequence[OpenItem]) -> _Spent:
    """Merge pages of listed items, as finding work does."""
    began = _now()
    for start in range(0, len(items), _LISTED):
        page = {item.record_id: item for item in items[start : start + _LISTED]}
        fresh = [new_job(item, _SCHEDULE, _NOON, _NOON) for item in page.values()]
        await store.merge(fresh, partial(_seen_again, page))
    return _since(began, len(items))


def _seen_again(page: Mapping[str, OpenItem], job: Job) -> Job:
    return seen_again(job, page[job.call_id], _SCHEDULE, _NOON, _NOON)


async def _complete_all(store: JobStore, at_once: int) -> _Spent:
    """Claim, judge and write back, round by round, until nothing is due."""
    began = _now()
    counts = await asyncio.gather(*(_complete(store) for _ in range(at_once)))
    return _since(began, sum(counts))


async def _complete(store: JobStore) -> int:
    job_count, now = 0, _NOON + timedelta(minutes=10)
    while claimed := await store.claim_due(now, _ROUND, _LEASE):
        await store.finish([completed(job, now, now, by_attempt=True) for job in claimed])
        job_count += len(claimed)
    return job_count


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float], job_count: int) -> _Spent:
    wall_s, cpu_s = _now()
    return _Spent(job_count, wall_s - began[0], cpu_s - began[1])


@contextmanager
def _database(kind: DatabaseKind) -> Iterator[Database]:
    """An open, empty store of jobs, gone afterwards."""
    if kind == "postgresql":
        with (
            running_postgres(is_durable=True) as server,
            _migrated(server.create_database("jobs")) as database,
        ):
            yield database
    else:
        with (
            tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder,
            _migrated(f"sqlite:///{Path(folder) / 'reconciler.db'}") as database,
        ):
            yield database


@contextmanager
def _migrated(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
        yield database
    finally:
        database.close()
