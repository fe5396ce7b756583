"""The connection is cut around the commit of what is written to jobs: each write has the effect of one."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import Connection

from services.common.database import Database, open_database
from services.common.errors import Conflict
from services.common.migrations import migrate
from services.reconciler.attempt import Attempt
from services.reconciler.claiming import Claiming
from services.reconciler.job import Job, completed, postponed
from services.reconciler.jobs import JobStore
from services.reconciler.leases import LeaseStore
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from tests.contract.reconciler.made_jobs import LEASE, at, made_job, same
from tests.support.cutting_proxy import CUT_KINDS, CutKind, CuttingProxy, cutting_proxy
from tests.support.databases import Databases

JOB_COUNT = 3


def _migrated(url: str) -> None:
    database = open_database(url)
    migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
    database.close()


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    copied = databases.copy_of("postgresql", "reconciler", _migrated)
    yield copied
    databases.drop(copied)


@pytest.fixture
def proxy(url: str) -> Iterator[CuttingProxy]:
    with cutting_proxy(url, seed=6) as running:
        yield running


@pytest.fixture
def database(url: str, proxy: CuttingProxy) -> Iterator[Database]:
    opened = open_database(proxy.url(url))
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", CUT_KINDS)
async def test_claimed_jobs_are_known_and_finished_once(
    kind: CutKind, database: Database, proxy: CuttingProxy
) -> None:
    store = JobStore(database)
    made = [made_job(f"leg {number}") for number in range(JOB_COUNT)]
    proxy.wanted.append(kind)
    await store.merge(made, same)
    assert await store.count_by_status() == {"pending": JOB_COUNT}

    proxy.wanted.append(kind)
    claimed = await store.claim_due(at(60), 10, LEASE)
    assert [(job.status, job.fence) for job in claimed] == [("running", 1)] * JOB_COUNT
    assert await store.claim_due(at(60), 10, LEASE) == []

    proxy.wanted.append(kind)
    assert await store.renew(claimed, LEASE)
    proxy.wanted.append(kind)
    await store.finish([completed(job, at(61), at(62), by_attempt=True) for job in claimed])
    for job in made:
        kept = await store.with_history(job.call_id)
        assert kept is not None
        assert (kept[0].status, kept[0].attempts, len(kept[1])) == ("completed", 1, 1)
    assert proxy.cut_count(kind) == 4


async def test_what_another_took_after_the_cut_is_not_ours(database: Database, url: str) -> None:
    """Both claims have the same fence: the first was rolled back."""
    await JobStore(database).merge([made_job("leg")], same)
    other = open_database(url)
    claims: list[list[Job]] = []
    claiming = Claiming(at(60), 10, LEASE)

    def claim(connection: Connection) -> list[Job]:
        claims.append(claiming(connection))
        if len(claims) == 1:
            connection.rollback()
            claims.append(other.write(Claiming(at(60), 10, LEASE)))
            raise Conflict("cut")
        return claims[-1]

    assert database.write(claim) == []
    assert [[job.fence for job in claimed] for claimed in claims] == [[1], [1], []]
    other.close()


@pytest.mark.parametrize("kind", CUT_KINDS)
@pytest.mark.parametrize("is_settled", [True, False])
async def test_a_persons_attempt_has_one_line(
    kind: CutKind, is_settled: bool, database: Database, proxy: CuttingProxy
) -> None:
    store = JobStore(database)
    await store.merge([made_job("leg")], same)
    attempt = Attempt(finished_at=at(9), is_settled=is_settled, is_manual=True)

    def change(job: Job) -> Job:
        return completed(job, at(9), at(9)) if is_settled and job.status != "completed" else job

    proxy.wanted.append(kind)
    await store.try_by_hand("leg", attempt, change)
    assert proxy.cut_count(kind) == 1
    kept = await store.with_history("leg")
    assert kept is not None
    assert kept[1] == (attempt,)


@pytest.mark.parametrize("kind", CUT_KINDS)
async def test_changes_and_leases_are_as_if_nothing_had_been_cut(
    kind: CutKind, database: Database, proxy: CuttingProxy
) -> None:
    store, leases = JobStore(database), LeaseStore(database, "one")
    await store.merge([made_job("leg")], same)
    proxy.wanted.append(kind)
    await store.apply(["leg"], partial(postponed, reason="not now", now=at(9)))
    proxy.wanted.append(kind)
    assert await leases.hold("sweeps", LEASE)
    assert not await LeaseStore(database, "other").hold("sweeps", LEASE)
    proxy.wanted.append(kind)
    await leases.give_up("sweeps")
    assert await LeaseStore(database, "other").hold("sweeps", LEASE)
    assert proxy.cut_count(kind) == 3
