"""Reads usage_reports and books what they said, for whoever needs it: closing a day, the audit, a person."""

from datetime import date, datetime, timedelta
from typing import Final

from services.reconciler import failpoints
from services.reconciler.ports import LedgerPort, TelnyxPort
from services.reconciler.usage import MAX_USAGE_DAYS, Usage, UsageDay

_DAY: Final = timedelta(days=1)
_MOST_REMEMBERED: Final = 50_000


class UsageReading:
    """Asks Telnyx, tells the ledger, and remembers what was asked about.

    A day without a row leaves no trace in the ledger; that it was asked about is known to this process alone.
    """

    def __init__(self, ledger: LedgerPort, telnyx: TelnyxPort) -> None:
        self._ledger = ledger
        self._telnyx = telnyx
        self._asked_at: dict[tuple[str, date], datetime] = {}

    async def read(self, record_type: str, from_day: date, to_day: date) -> tuple[UsageDay, ...]:
        """Ask about some days (the last exclusive) of a record type or of "usage:<product>", and book the answer.

        As many requests as the days need, one after the other; gives the days that had a row. Raises TollbookError.
        """
        told: list[UsageDay] = []
        while from_day < to_day:
            end = min(to_day, from_day + MAX_USAGE_DAYS * _DAY)
            usage = await self._telnyx.list_usage(record_type, from_day, end)
            failpoints.USAGE_READ.reached()
            if usage.days:
                await self._ledger.record_usage(usage)
                failpoints.USAGE_BOOKED.reached()
            self._remember(usage, from_day, end)
            told += usage.days
            from_day = end
        return tuple(told)

    def asked_at(self, record_type: str, day: date) -> datetime | None:
        """When usage_reports last answered about this day, by telnyx-gateway's clock; None if this process forgot."""
        return self._asked_at.get((record_type, day))

    def _remember(self, usage: Usage, from_day: date, to_day: date) -> None:
        if len(self._asked_at) >= _MOST_REMEMBERED:
            self._asked_at.clear()
        for offset in range((to_day - from_day).days):
            self._asked_at[usage.record_type, from_day + offset * _DAY] = usage.read_at
