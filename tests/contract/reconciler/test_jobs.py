"""The job store, every case on both databases."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace

import psycopg

from services.common.database import Database
from services.reconciler.job import Job, completed
from services.reconciler.jobs import JobPosition, JobStore
from tests.contract.reconciler.made_jobs import ENDED, LEASE, at, made_job, same


async def test_a_job_comes_back_as_it_was_written(store: JobStore) -> None:
    job = made_job(
        "leg", last_error="why", attempts=3, status="failed", next_run_at=None, missing=("amd", "tts")
    )
    await store.merge([job], same)
    assert await store.get("leg") == job
    assert await store.get("other") is None


async def test_merging_adds_what_is_new_and_changes_what_is_known(store: JobStore) -> None:
    await store.merge([made_job("old")], same)

    def finish(job: Job) -> Job:
        return completed(job, at(9), at(10))

    await store.merge([made_job("old"), made_job("new")], finish)
    old, new = await store.get("old"), await store.get("new")
    assert old is not None
    assert new is not None
    assert (old.status, new.status) == ("completed", "pending")


async def test_merging_many_at_once(store: JobStore) -> None:
    await store.merge([made_job(f"leg-{number}") for number in range(1_200)], same)
    assert await store.count_by_status() == {"pending": 1_200}


async def test_only_due_jobs_are_claimed_the_longest_due_first(store: JobStore) -> None:
    await store.merge([made_job("late", 20), made_job("first", 0), made_job("second", 10)], same)
    claimed = await store.claim_due(at(24), 10, LEASE)
    assert {job.call_id for job in claimed} == {"first", "second"}
    assert all((job.status, job.fence) == ("running", 1) for job in claimed)
    assert await store.claim_due(at(24), 10, LEASE) == []


async def test_a_batch_takes_the_longest_due(store: JobStore) -> None:
    await store.merge([made_job("late", 20), made_job("first", 0), made_job("second", 10)], same)
    assert [job.call_id for job in await store.claim_due(at(90), 1, LEASE)] == ["first"]
    assert [job.call_id for job in await store.claim_due(at(90), 1, LEASE)] == ["second"]


async def test_a_lease_that_ran_out_is_taken_over_and_the_old_holder_cannot_write(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    [frozen] = await store.claim_due(at(5), 10, ENDED)
    assert await store.claim_due(at(5), 10, LEASE) == []
    assert await store.reclaim(at(6)) == 1
    [taken_over] = await store.claim_due(at(6), 10, LEASE)
    assert taken_over.fence == frozen.fence + 1
    assert await store.finish([completed(frozen, at(6), at(6))]) == []
    held = await store.get("leg")
    assert held is not None
    assert held.status == "running"
    judged = replace(taken_over, status="pending", attempts=1, next_run_at=at(30))
    assert await store.finish([judged]) == [judged]
    written = await store.get("leg")
    assert written is not None
    assert (written.status, written.attempts, written.next_run_at) == ("pending", 1, at(30))


async def test_a_renewed_lease_is_kept(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    claimed = await store.claim_due(at(5), 10, ENDED)
    assert await store.renew(claimed, LEASE)
    assert await store.reclaim(at(6)) == 0


async def test_a_lost_lease_cannot_be_renewed(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    lost = await store.claim_due(at(5), 10, ENDED)
    await store.reclaim(at(6))
    await store.claim_due(at(6), 10, ENDED)
    assert not await store.renew(lost, LEASE)
    assert await store.reclaim(at(7)) == 1


async def test_what_was_reclaimed_can_be_neither_renewed_nor_written(store: JobStore) -> None:
    """Also before another has claimed it."""
    await store.merge([made_job("leg")], same)
    [frozen] = await store.claim_due(at(5), 10, ENDED)
    assert await store.reclaim(at(40)) == 1
    assert not await store.renew([frozen], LEASE)
    assert await store.finish([completed(frozen, at(41), at(41))]) == []
    free = await store.get("leg")
    assert free == replace(made_job("leg"), fence=frozen.fence, updated_at=at(40))
    assert await store.due(at(41), 10) == [free]


async def test_reconcilers_that_reclaim_side_by_side_share_the_work(
    store: JobStore, database: Database
) -> None:
    await store.merge([made_job(f"leg-{number}") for number in range(100)], same)
    await store.claim_due(at(5), 90, ENDED)
    await store.claim_due(at(5), 10, LEASE)
    counts = await asyncio.gather(*(JobStore(database).reclaim(at(6)) for _ in range(4)))
    assert sum(counts) + await store.reclaim(at(7)) == 90
    assert await store.count_by_status() == {"pending": 90, "running": 10}


async def test_a_finished_job_is_not_claimed(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    claimed = await store.claim_due(at(5), 10, LEASE)
    await store.finish([completed(job, at(6), at(6)) for job in claimed])
    assert await store.claim_due(at(9_999), 10, LEASE) == []


async def test_running_jobs_are_left_alone(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    await store.claim_due(at(5), 10, LEASE)

    def finish(job: Job) -> Job:
        return completed(job, at(9), at(10))

    await store.merge([made_job("leg")], finish)
    assert await store.apply(["leg"], finish) == []
    held = await store.get("leg")
    assert held is not None
    assert held.status == "running"


async def test_applying_a_change_tells_which_jobs_it_changed(store: JobStore) -> None:
    await store.merge([made_job("one"), made_job("two")], same)

    def finish_one(job: Job) -> Job:
        return completed(job, at(9), at(10)) if job.call_id == "one" else job

    assert [job.call_id for job in await store.apply(["one", "two", "nobody"], finish_one)] == ["one"]


async def test_open_ids_are_all_that_is_not_completed(store: JobStore) -> None:
    await store.merge(
        [
            made_job("a"),
            made_job("b", status="failed", next_run_at=None),
            made_job("c", status="completed"),
            made_job("d"),
        ],
        same,
    )
    assert await store.open_ids() == {"a", "b", "d"}
    assert await store.count_by_status() == {"pending": 2, "failed": 1}


async def test_pages_show_every_job_once_newest_change_first(store: JobStore) -> None:
    jobs = [made_job(f"leg-{number}", updated_at=at(number // 3)) for number in range(20)]
    await store.merge(jobs, same)
    seen: list[Job] = []
    start: JobPosition | None = None
    while True:
        page = await store.page(None, 6, start)
        seen += page.jobs
        if page.rest is None:
            break
        start = page.rest
    assert sorted(job.call_id for job in seen) == sorted(job.call_id for job in jobs)
    assert [job.updated_at for job in seen] == sorted((job.updated_at for job in jobs), reverse=True)


async def test_pages_can_be_of_one_status(store: JobStore) -> None:
    await store.merge([made_job("a"), made_job("b", status="failed", next_run_at=None)], same)
    assert [job.call_id for job in (await store.page("failed", 50, None)).jobs] == ["b"]
    assert (await store.page("running", 50, None)).jobs == ()


async def test_reconcilers_side_by_side_never_share_a_job(store: JobStore, database: Database) -> None:
    await store.merge([made_job(f"leg-{number}") for number in range(200)], same)
    others = [JobStore(database) for _ in range(4)]
    batches = await asyncio.gather(*(one.claim_due(at(5), 50, LEASE) for one in others))
    claimed = [job.call_id for batch in batches for job in batch]
    assert len(claimed) == len(set(claimed))
    rest = await store.claim_due(at(5), 200, LEASE)
    assert len(claimed) + len(rest) == 200


async def test_users_sql_reads_the_table(store: JobStore, url: str) -> None:
    await store.merge([made_job("leg")], same)
    statement = (
        "SELECT telnyx_call_id, telnyx_session_id, status, attempts, next_run_at, last_error, completed_at, created_at"
        " FROM telnyx_cdr_reconcile_jobs WHERE status = 'pending'"
    )
    [row] = await asyncio.to_thread(_reader(url), statement)
    assert row[:4] == ("leg", "session-of-leg", "pending", 0)
    assert row[5:7] == (None, None)


def _reader(url: str) -> Callable[[str], list[tuple[object, ...]]]:
    def read(statement: str) -> list[tuple[object, ...]]:
        if url.startswith("postgresql"):
            with psycopg.connect(url) as connection:
                return connection.execute(statement.encode()).fetchall()
        file = sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)
        try:
            return file.execute(statement).fetchall()
        finally:
            file.close()

    return read
