"""Asks Telnyx now and then for what it never announces, and tells the ledger. One reconciler of several does it."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from services.common.clock import Clock
from services.common.errors import TelnyxRefused, TollbookError
from services.common.times import utc_day
from services.reconciler import failpoints
from services.reconciler.leadership import Leadership
from services.reconciler.polling.due import CHARGES_REACH, charges_days_due
from services.reconciler.polling.ports import AccountBookPort, AccountPort
from services.reconciler.troubles import Troubles

BALANCE_EVERY_S: Final = 300.0
_BALANCE_MAX_AGE: Final = timedelta(minutes=1)
_FIRST_ANSWER_S: Final = 2.0
_CHARGES_EVERY_S: Final = 3_600.0
_BETWEEN_CHARGES_S: Final = 2.0
_FOLLOWER_S: Final = 10.0
"""How often a reconciler that does not lead looks whether it does now."""

_REFUSED_S: Final = 3_600.0
"""What Telnyx refuses, it will not soon allow."""

_log = structlog.get_logger()


async def learn_time(account: AccountPort) -> None:
    """Ask for the balance before any work begins: its answer tells what time it is. Where none comes soon, go on."""
    with suppress(TollbookError, TimeoutError):
        async with asyncio.timeout(_FIRST_ANSWER_S):
            await account.balance(_BALANCE_MAX_AGE)


class BalancePolling:
    """A snapshot of the balance every five minutes."""

    def __init__(self, leadership: Leadership, book: AccountBookPort, account: AccountPort) -> None:
        self._leadership = leadership
        self._book = book
        self._account = account
        self._troubles = Troubles("snapshots")

    async def tick(self) -> float:
        """One turn of the timed loop. Raises TollbookError, except for what Telnyx refuses."""
        if not await self._leadership.is_held():
            return _FOLLOWER_S
        try:
            balance = await self._account.balance(_BALANCE_MAX_AGE)
        except TelnyxRefused as error:
            self._troubles.failed("the balance", str(error))
            return BALANCE_EVERY_S
        failpoints.BALANCE_READ.reached()
        await self._book.record_balance(balance)
        failpoints.BALANCE_BOOKED.reached()
        self._troubles.succeeded("the balance")
        return BALANCE_EVERY_S


class ChargesPolling:
    """charges_summary of each UTC day that is over, and of the last few days again."""

    def __init__(
        self, leadership: Leadership, book: AccountBookPort, account: AccountPort, clock: Clock
    ) -> None:
        self._leadership = leadership
        self._book = book
        self._account = account
        self._clock = clock
        self._troubles = Troubles("readings")

    async def tick(self) -> float:
        """One turn of the timed loop: at most one day. Raises TollbookError, except for what Telnyx refuses."""
        if not await self._leadership.is_held():
            return _FOLLOWER_S
        now = self._clock.now()
        today = utc_day(now)
        due = charges_days_due(await self._book.charges_read_at(today - CHARGES_REACH, today), now)
        if not due:
            return _CHARGES_EVERY_S
        try:
            charges = await self._account.account_charges(due[0])
        except TelnyxRefused as error:
            self._troubles.failed("account charges", str(error))
            return _REFUSED_S
        failpoints.CHARGES_READ.reached()
        await self._book.record_account_charges(charges)
        failpoints.CHARGES_BOOKED.reached()
        self._troubles.succeeded("account charges")
        return _BETWEEN_CHARGES_S
