"""Whom the doctor asks. All methods raise TollbookError."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.common.freshness.symptom import Symptom
from services.reconciler.doctor.observations import (
    Application,
    BalanceOutlook,
    BookHealth,
    Probe,
    Quota,
)


class HealthPort(Protocol):
    """What the ledger says of itself and of the account."""

    async def health(self) -> BookHealth:
        """What an operator should know of the book."""

    async def balance_outlook(self, from_at: datetime, to_at: datetime) -> BalanceOutlook | None:
        """The latest snapshot of a period, and how long the balance lasts; None if there is none."""


class ProbePort(Protocol):
    """What telnyx-gateway says of the account."""

    async def probe(self) -> Probe:
        """Whether the API key works, and Telnyx's time."""

    async def public_keys(self) -> tuple[str, ...]:
        """The keys that sign webhooks."""

    async def applications(self) -> tuple[Application, ...]:
        """The call-control applications."""

    async def quota(self) -> Quota:
        """The quota for detail records now."""


class StoppedPort(Protocol):
    """What has stopped. Raises nothing: that a part does not answer is what it tells."""

    async def symptoms(self) -> Sequence[Symptom]:
        """As it is now."""
