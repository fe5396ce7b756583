"""What is kept of a job's attempts, and for how long, on both databases."""

import asyncio
from dataclasses import replace

from sqlalchemy import func, select

from services.common.database import Database
from services.reconciler.attempt import Attempt
from services.reconciler.attempts import MAX_KEPT
from services.reconciler.job import SETTLED_BY_OTHERS, Job, completed
from services.reconciler.jobs import JobStore
from services.reconciler.tables import attempts
from tests.contract.reconciler.made_jobs import ENDED, LEASE, at, made_job, same


def _in_vain(seconds: float, reason: str = "not published yet", *, is_manual: bool = False) -> Attempt:
    return Attempt(finished_at=at(seconds), is_settled=False, is_manual=is_manual, reason=reason)


def _by_hand(seconds: float, *, is_settled: bool = True) -> Attempt:
    return Attempt(finished_at=at(seconds), is_settled=is_settled, is_manual=True)


def _settle(job: Job) -> Job:
    return job if job.status == "completed" else completed(job, at(9), at(10))


async def _history(store: JobStore, call_id: str) -> tuple[Attempt, ...]:
    found = await store.with_history(call_id)
    assert found is not None
    return found[1]


async def _attempt(store: JobStore, seconds: float, attempt: Attempt) -> None:
    """Claim what is due then, and finish it with an attempt in vain that may be repeated at once."""
    claimed = await store.claim_due(at(seconds), 10, LEASE)
    assert claimed
    await store.finish([replace(job, status="pending", outcome=attempt) for job in claimed])


async def test_a_new_job_has_no_history(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    found = await store.with_history("leg")
    assert found == (made_job("leg"), ())
    assert await store.with_history("other") is None


async def test_attempts_are_told_oldest_first_and_come_back_as_they_were(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    await _attempt(store, 5, _in_vain(5, "amd could not be read: no answer"))
    await _attempt(store, 30, _in_vain(30))
    [claimed] = await store.claim_due(at(90), 10, LEASE)
    await store.finish([completed(claimed, at(91), at(91), by_attempt=True)])
    assert await _history(store, "leg") == (
        _in_vain(5, "amd could not be read: no answer"),
        _in_vain(30),
        Attempt(finished_at=at(91), is_settled=True),
    )
    job = await store.get("leg")
    assert job is not None
    assert job.outcome is None


async def test_each_job_has_a_history_of_its_own(store: JobStore) -> None:
    await store.merge([made_job("one"), made_job("two")], same)
    claimed = await store.claim_due(at(5), 10, LEASE)
    await store.finish(
        [replace(job, status="pending", outcome=_in_vain(5, f"why {job.call_id}")) for job in claimed]
    )
    assert await _history(store, "one") == (_in_vain(5, "why one"),)
    assert await _history(store, "two") == (_in_vain(5, "why two"),)


async def test_who_lost_the_claim_leaves_no_line(store: JobStore) -> None:
    await store.merge([made_job("lost"), made_job("kept", 1)], same)
    [frozen] = await store.claim_due(at(5), 1, ENDED)
    await store.reclaim(at(6))
    [ours] = await store.claim_due(at(6), 1, LEASE)
    assert (frozen.call_id, ours.call_id) == ("lost", "lost")
    [kept] = await store.claim_due(at(6), 1, LEASE)
    late = [replace(job, status="pending", outcome=_in_vain(7)) for job in (frozen, kept)]
    await store.finish(late)
    assert await _history(store, "lost") == ()
    assert await _history(store, "kept") == (_in_vain(7),)


async def test_what_settles_without_an_attempt_is_told_once(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    assert [job.call_id for job in await store.apply(["leg"], _settle)] == ["leg"]
    assert await store.apply(["leg"], _settle) == []
    await store.merge([made_job("leg")], _settle)
    [line] = await _history(store, "leg")
    assert line == Attempt(finished_at=at(10), is_settled=True, reason=SETTLED_BY_OTHERS)


async def test_of_several_who_complete_a_job_one_tells(store: JobStore, database: Database) -> None:
    names = [f"leg-{number}" for number in range(40)]
    await store.merge([made_job(name) for name in names], same)
    others = [JobStore(database) for _ in range(4)]
    changed = await asyncio.gather(*(one.apply(names, _settle) for one in others))
    assert sorted(job.call_id for jobs in changed for job in jobs) == sorted(names)
    assert {len(await _history(store, name)) for name in names} == {1}


async def test_a_persons_attempt_in_vain_changes_nothing_but_the_history(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    assert await store.try_by_hand("leg", _in_vain(3, "no answer", is_manual=True), same) == []
    assert await store.with_history("leg") == (
        made_job("leg"),
        (_in_vain(3, "no answer", is_manual=True),),
    )


async def test_a_person_who_settles_a_job_is_told_once(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    [changed] = await store.try_by_hand("leg", _by_hand(10), _settle)
    assert changed.status == "completed"
    assert await _history(store, "leg") == (_by_hand(10),)


async def test_a_persons_attempt_is_kept_while_the_job_runs(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    [claimed] = await store.claim_due(at(5), 10, LEASE)
    assert await store.try_by_hand("leg", _by_hand(6), _settle) == []
    await store.finish([completed(claimed, at(7), at(7), by_attempt=True)])
    assert await _history(store, "leg") == (_by_hand(6), Attempt(finished_at=at(7), is_settled=True))


async def test_a_persons_attempt_on_what_has_no_job_is_not_kept(store: JobStore, database: Database) -> None:
    assert await store.try_by_hand("nobody", _by_hand(1), _settle) == []
    assert await _count_attempts(database) == 0


async def test_only_the_latest_are_kept_of_each_job(store: JobStore, database: Database) -> None:
    await store.merge([made_job("busy"), made_job("quiet")], same)
    await store.try_by_hand("quiet", _in_vain(0), same)
    for number in range(MAX_KEPT + 3):
        await store.try_by_hand("busy", _in_vain(number), same)
    assert [line.finished_at for line in await _history(store, "busy")] == [
        at(number) for number in range(3, MAX_KEPT + 3)
    ]
    assert len(await _history(store, "quiet")) == 1
    assert await _count_attempts(database) == MAX_KEPT + 1


async def test_attempts_of_several_reconcilers_stay_bounded(store: JobStore, database: Database) -> None:
    await store.merge([made_job("leg")], same)
    others = [JobStore(database) for _ in range(4)]
    for start in range(0, 80, 8):
        await asyncio.gather(
            *(
                others[number % 4].try_by_hand("leg", _in_vain(number), same)
                for number in range(start, start + 8)
            )
        )
    assert len(await _history(store, "leg")) == MAX_KEPT
    assert await _count_attempts(database) == MAX_KEPT


async def test_pruning_takes_what_was_completed_before_with_its_history(
    store: JobStore, database: Database
) -> None:
    await store.merge(
        [
            made_job("old"),
            made_job("failed once", status="failed", next_run_at=None),
            made_job("still failed", status="failed", next_run_at=None),
            made_job("pending"),
            made_job("young"),
        ],
        same,
    )
    await store.apply(["old", "failed once"], _settle)
    await store.apply(["young"], lambda job: completed(job, at(20), at(20)))
    await store.try_by_hand("still failed", _in_vain(1), same)
    assert await store.prune(at(20), 10) == 2
    assert await store.get("old") is None
    assert await store.get("failed once") is None
    assert {job.call_id for job in (await store.page(None, 10, None)).jobs} == {
        "still failed",
        "pending",
        "young",
    }
    assert await _count_attempts(database) == 2
    assert await store.prune(at(20), 10) == 0


async def test_pruning_takes_the_oldest_first_and_no_more_than_it_may(store: JobStore) -> None:
    await store.merge(
        [made_job(f"leg-{number}", status="completed", updated_at=at(number)) for number in range(5)], same
    )
    assert [await store.prune(at(100), 2) for _ in range(4)] == [2, 2, 1, 0]
    await store.merge([made_job("a", status="completed"), made_job("b", status="completed")], same)
    await store.prune(at(100), 1)
    assert [job.call_id for job in (await store.page(None, 10, None)).jobs] == ["b"]


async def test_a_pruned_job_can_come_again_without_its_past(store: JobStore) -> None:
    await store.merge([made_job("leg")], same)
    await store.apply(["leg"], _settle)
    await store.prune(at(100), 10)
    await store.merge([made_job("leg", 500)], same)
    assert await store.with_history("leg") == (made_job("leg", 500), ())


async def test_reconcilers_that_prune_side_by_side_share_the_work(
    store: JobStore, database: Database
) -> None:
    await store.merge(
        [made_job(f"leg-{number}", status="completed", updated_at=at(number)) for number in range(100)], same
    )
    counts = await asyncio.gather(*(JobStore(database).prune(at(500), 30) for _ in range(4)))
    assert sum(counts) + await store.prune(at(500), 100) == 100


async def _count_attempts(database: Database) -> int:
    query = select(func.count()).select_from(attempts)
    return await database.read_async(lambda connection: connection.execute(query).scalar_one())
