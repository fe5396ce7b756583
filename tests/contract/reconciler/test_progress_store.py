"""What reconcilers tell one another, on both databases."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from services.common.database import Database
from services.common.database_clock import database_now
from services.common.wire import to_duration
from services.reconciler.job import Job
from services.reconciler.jobs import JobStore
from services.reconciler.progress.progress_store import DueAttempts, ProgressStore
from services.reconciler.tables import progress
from tests.contract.reconciler.made_jobs import made_job
from tollbook.reconciler.v1.progress_pb2 import ReconcilerProgress, WorkProgress

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _told(name: str, standstill_s: float | None = None) -> ReconcilerProgress:
    age = None if standstill_s is None else timedelta(seconds=standstill_s)
    return ReconcilerProgress(
        name=name,
        works=[WorkProgress(name="sweeping", standstill_age=to_duration(age))],
        unread_age=to_duration(timedelta(seconds=30)),
    )


def _say_it_was_told(database: Database, name: str, before: timedelta) -> None:
    database.write(
        lambda connection: connection.execute(
            update(progress).where(progress.c.name == name).values(told_at=database_now(connection) - before)
        )
    )


async def test_one_hears_of_all_the_others(database: Database) -> None:
    store = ProgressStore(database)
    for name in ("c", "a", "b"):
        await store.tell(_told(name))
    assert await store.others("b") == [_told("a"), _told("c")]


async def test_the_newest_word_stands(database: Database) -> None:
    store = ProgressStore(database)
    await store.tell(_told("a", standstill_s=100))
    await store.tell(_told("a"))
    assert await store.others("b") == [_told("a")]


async def test_ages_go_on_while_nothing_new_is_told(database: Database) -> None:
    store = ProgressStore(database)
    await store.tell(_told("a", standstill_s=100))
    _say_it_was_told(database, "a", timedelta(seconds=60))
    [heard] = await store.others("b")
    assert 160 <= heard.works[0].standstill_age.ToTimedelta().total_seconds() < 190
    assert heard.unread_age.seconds == 30


async def test_who_has_said_nothing_lately_is_nobodys_concern(database: Database) -> None:
    store = ProgressStore(database)
    await store.tell(_told("dead"))
    _say_it_was_told(database, "dead", timedelta(minutes=3))
    assert await store.others("b") == []


async def test_who_ends_is_forgotten_at_once_and_who_died_in_the_end(database: Database) -> None:
    store = ProgressStore(database)
    for name in ("ended", "dead", "alive"):
        await store.tell(_told(name))
    await store.forget("ended")
    _say_it_was_told(database, "dead", timedelta(hours=2))
    await store.tell(_told("alive"))
    assert database.read(lambda connection: connection.scalars(select(progress.c.name)).all()) == ["alive"]


async def test_what_is_due_is_counted(database: Database, store: JobStore) -> None:
    own = ProgressStore(database)
    assert await own.due(NOW) == DueAttempts(0, None)
    waits = (timedelta(minutes=-40), timedelta(minutes=-1), timedelta(minutes=1))
    fresh: list[Job] = [made_job(f"call {index}", next_run_at=NOW + wait) for index, wait in enumerate(waits)]
    await store.merge(fresh, lambda job: job)
    assert await own.due(NOW) == DueAttempts(2, NOW - timedelta(minutes=40))
