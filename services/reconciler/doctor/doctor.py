"""Examines the whole system from within: asks every part, then judges what they say."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import date, timedelta
from typing import Final, TypeVar

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.common.times import utc_day
from services.reconciler.audit.book_days import BookDay, day_window
from services.reconciler.audit.ports import BookDaysPort
from services.reconciler.doctor.check import Check, Silence
from services.reconciler.doctor.diagnosis import Observations, diagnose
from services.reconciler.doctor.observations import Canary
from services.reconciler.doctor.ports import HealthPort, ProbePort, StoppedPort
from services.reconciler.doctor.reading_checks import choose_canary
from services.reconciler.ports import TelnyxPort
from services.reconciler.reader import Reader

_PATIENCE_S: Final = 12.0
_REACH: Final = timedelta(days=31)
_OUTLOOK_REACH: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)

Told = TypeVar("Told")


class Doctor:
    """A part that is away makes its checks unknown; it never makes the diagnosis fail."""

    def __init__(
        self,
        *,
        health: HealthPort,
        probe: ProbePort,
        days: BookDaysPort,
        telnyx: TelnyxPort,
        reader: Reader,
        stopped: StoppedPort,
        horizon: timedelta,
        clock: Clock,
    ) -> None:
        self._health = health
        self._stopped = stopped
        self._probe = probe
        self._days = days
        self._telnyx = telnyx
        self._reader = reader
        self._horizon = horizon
        self._clock = clock

    async def examine(self) -> list[Check]:
        """Every check. What does not answer in time is unknown."""
        now = self._clock.now()
        today = utc_day(now)
        probe, keys, applications, health, outlook, days = await asyncio.gather(
            _heard(self._probe.probe()),
            _heard(self._probe.public_keys()),
            _heard(self._probe.applications()),
            _heard(self._health.health()),
            _heard(self._health.balance_outlook(now - _OUTLOOK_REACH, now)),
            _heard(self._days.book_days(today - _REACH, today + _DAY)),
        )
        canary = days if isinstance(days, Silence) else await _heard(self._ask_canary(days, today))
        seen = Observations(
            probe=probe,
            public_keys=keys,
            applications=applications,
            outlook=outlook,
            # Asked for last: the answer about the canary has told how much of it is left.
            quota=await _heard(self._probe.quota()),
            canary=canary,
            health=health,
            days=days,
            refused=tuple(self._reader.refused_types()),
            stopped=await self._stopped.symptoms(),
        )
        return diagnose(seen, now, self._horizon)

    async def _ask_canary(self, days: Sequence[BookDay], today: date) -> Canary | None:
        chosen = choose_canary(days, today)
        if chosen is None:
            return None
        record_type, day, held_count = chosen
        counted = await self._telnyx.count_records(record_type, day_window(day), "person")
        return Canary(record_type, day, held_count, counted.total_results)


async def _heard(asked: Awaitable[Told]) -> Told | Silence:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await asked
    except TimeoutError:
        return Silence("it did not answer in time")
    except TollbookError as error:
        return Silence(str(error).rstrip("."))
