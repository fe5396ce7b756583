"""Looks again and again whether anything has stopped, and keeps what it saw: for `/readyz`, the page, the metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.metrics import STALE
from services.common.clock import Clock
from services.common.freshness.observed import Look, Observed, Part
from services.common.freshness.rule import symptoms
from services.common.freshness.symptom import NAMES, USUAL, Patience, Symptom

LOOK_EVERY_S: Final = 15.0
_log = structlog.get_logger()

LookAround = Callable[[], Awaitable[Look]]
"""Asks every part once. Raises nothing that a part does."""


class FreshnessWatch:
    """What has stopped, as of the latest look. Without one nothing is known, and nothing is said."""

    def __init__(
        self,
        look: LookAround,
        clock: Clock,
        patience: Patience = USUAL,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._look = look
        self._clock = clock
        self._patience = patience
        self._look_every_s = look_every_s
        self._watched_since = clock.now()
        self._silent_since_s: dict[Part, float] = {}
        self.symptoms: tuple[Symptom, ...] = ()
        self.looked_at: datetime | None = None
        for name in NAMES:
            STALE.labels(name=name).set(0)

    async def keep_looking(self) -> None:
        """Look now, and again and again; runs until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - it must go on, whatever it was; it is logged in full
                _log.exception("freshness.look_failed")
            await asyncio.sleep(self._look_every_s)

    async def look(self) -> None:
        """Look once."""
        seen = await self._look()
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        self._silent_since_s = {part: self._silent_since_s.get(part, now_s) for part in seen.silent}
        observed = Observed(
            watched_since=self._watched_since,
            silent_for={
                part: timedelta(seconds=now_s - since_s) for part, since_s in self._silent_since_s.items()
            },
            alarms=seen.alarms,
            book=seen.book,
            progress=seen.progress,
        )
        found = tuple(symptoms(observed, now, self._patience))
        self._tell_changes(found)
        self.symptoms, self.looked_at = found, now

    def _tell_changes(self, found: tuple[Symptom, ...]) -> None:
        """What is new and what is over, to the log and to the metrics."""
        before = {symptom.name for symptom in self.symptoms}
        for symptom in found:
            if symptom.name not in before:
                STALE.labels(name=symptom.name).set(1)
                _log.warning(
                    "freshness.stale", name=symptom.name, message=f"{symptom.finding} {symptom.advice}"
                )
        for name in before.difference(symptom.name for symptom in found):
            STALE.labels(name=name).set(0)
            _log.info("freshness.recovered", name=name, message=f"{name} is over")
