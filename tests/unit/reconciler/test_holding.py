"""A lease is kept while work runs, and the work ends when the lease may be another's."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from services.common.errors import Unavailable
from services.reconciler.holding import LeaseLost, holding
from tests.support.waiting import until

_FOR_EVER_S = 20.0
LONG, SHORT = timedelta(hours=1), timedelta(milliseconds=30)


class Lease:
    """Renewed as long as it is told so."""

    def __init__(self) -> None:
        self.renewal_count = 0
        self.is_ours = True
        self.fault: Unavailable | None = None

    async def renew(self) -> bool:
        self.renewal_count += 1
        if self.fault is not None:
            raise self.fault
        return self.is_ours


async def test_work_outlasts_its_first_lease_and_renewals_end_with_it() -> None:
    lease = Lease()
    async with holding(lease.renew, timedelta(seconds=1)):
        await until(lambda: lease.renewal_count >= 4)
    ended = lease.renewal_count
    await asyncio.sleep(0)
    assert lease.renewal_count == ended


async def test_work_ends_when_the_lease_is_anothers() -> None:
    lease = Lease()
    lease.is_ours = False
    with pytest.raises(LeaseLost):
        async with holding(lease.renew, timedelta(seconds=0.3)):
            await asyncio.sleep(_FOR_EVER_S)
    assert lease.renewal_count == 1


async def test_work_ends_when_nobody_says_whose_the_lease_is() -> None:
    lease = Lease()
    lease.fault = Unavailable("the database is away")
    with capture_logs(), pytest.raises(LeaseLost):
        async with holding(lease.renew, SHORT):
            await asyncio.sleep(_FOR_EVER_S)


async def test_a_lease_that_has_run_out_already_is_nobodys() -> None:
    with pytest.raises(LeaseLost):
        async with holding(Lease().renew, LONG, held_for_s=LONG.total_seconds()):
            await asyncio.sleep(_FOR_EVER_S)


async def test_what_takes_too_long_by_itself_is_told_as_that() -> None:
    with pytest.raises(TimeoutError):
        async with holding(Lease().renew, LONG), asyncio.timeout(0):
            await asyncio.sleep(_FOR_EVER_S)
