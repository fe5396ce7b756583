"""Keeping a lease while work runs, and ending the work as soon as the lease may be another's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.common.errors import Conflict
from services.reconciler.repeating import repeated

_RENEWALS_PER_LEASE: Final = 3


class LeaseLost(Conflict):
    """Work was ended because another reconciler may be at it by now; what was done of it stays."""


@asynccontextmanager
async def holding(
    renew: Callable[[], Awaitable[bool]], lease: timedelta, *, held_for_s: float = 0.0
) -> AsyncIterator[None]:
    """Keep a lease, taken `held_for_s` ago at most, while the block runs; `renew` tells whether it is still ours.

    The block is cancelled, and LeaseLost raised, when the lease is another's, and when it has run out without an
    answer: also of a process that was frozen, before it does anything else.
    """
    loop = asyncio.get_running_loop()
    lease_s = lease.total_seconds()
    limit = asyncio.timeout(lease_s - held_for_s)

    async def keep() -> None:
        asked_at_s = loop.time()
        is_ours = await renew()
        if not limit.expired():
            limit.reschedule(asked_at_s + lease_s if is_ours else loop.time())

    try:
        async with limit, repeated(keep, lease_s / _RENEWALS_PER_LEASE):
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise LeaseLost("this reconciler has lost its lease; another may have taken over") from None
