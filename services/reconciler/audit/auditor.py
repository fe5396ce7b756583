"""Carries out an audit: asks usage_reports, holds the book against them, and looks into what differs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from services.common.clock import Clock
from services.common.times import utc_day
from services.reconciler.audit.book_days import BookDay, DayRecord
from services.reconciler.audit.causes import MAX_CAUSES, explain
from services.reconciler.audit.line import AuditLine, AuditResult, Cause
from services.reconciler.audit.ports import BookDaysPort
from services.reconciler.audit.rereading import WAITED_FOR, Patience, Rereading
from services.reconciler.audit.suspicions import Case
from services.reconciler.audit.usage_refresh import UsageRefresh
from services.reconciler.audit.verdicts import DECIMALS_REACH, AskedAt, AuditTerms, Readings, judge
from services.reconciler.items import OpenItem
from services.reconciler.ports import LedgerPort

MAX_DAYS: Final = 92

_DAY: Final = timedelta(days=1)
_USAGE_SHARE: Final = 0.6
_REREADING_SHARE: Final = 0.3
"""Of the time that an audit may take; the rest is for the book."""

_MAX_EXPLAINED: Final = 20
_MAX_RECORDS: Final = 10_000
_MAX_WAITING_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """The days to audit (`to_day` exclusive). `again`: ask usage_reports also where they have spoken."""

    from_day: date
    to_day: date
    again: bool = False
    patience: Patience = WAITED_FOR


class Auditor:
    """The audit, over the ports."""

    def __init__(
        self,
        book: BookDaysPort,
        ledger: LedgerPort,
        refresh: UsageRefresh,
        asked_at: AskedAt,
        rereading: Rereading,
        horizon: timedelta,
        clock: Clock,
    ) -> None:
        self._book = book
        self._ledger = ledger
        self._refresh = refresh
        self._asked_at = asked_at
        self._rereading = rereading
        self._horizon = horizon
        self._clock = clock

    async def audit(self, order: AuditOrder, budget_s: float) -> AuditResult:
        """The verdict on each day, within about that time. What Telnyx does not answer is a trouble, not a failure.

        Raises TollbookError when the ledger does not answer.
        """
        # A difference of the first or last day may cancel with that of the day beside it.
        end = min(order.to_day + _DAY, utc_day(self._clock.now()) + _DAY)
        days = (order.from_day - _DAY, max(end, order.from_day))
        terms = AuditTerms(self._clock.now(), self._horizon)
        troubles = await self._refresh.refresh(
            days, await self._days(order), terms, again=order.again, budget_s=budget_s * _USAGE_SHARE
        )
        lines = await self._judged(order, terms)
        has_reread, more_troubles = await self._rereading.reread(
            lines, order.patience, budget_s * _REREADING_SHARE
        )
        if has_reread:
            lines = await self._judged(order, terms)
        explained = await self._explained(await self._with_waiting(lines))
        explained.sort(key=lambda line: (-line.day.toordinal(), line.record_type, line.product))
        return AuditResult(tuple(explained), (*troubles, *more_troubles))

    async def _days(self, order: AuditOrder) -> tuple[BookDay, ...]:
        return await self._book.book_days(order.from_day - DECIMALS_REACH, order.to_day + _DAY)

    async def _judged(self, order: AuditOrder, terms: AuditTerms) -> list[AuditLine]:
        refused = self._rereading.refused_types()
        readings = Readings(self._asked_at, self._rereading.began_at, refused)
        lines = judge(await self._days(order), readings, terms)
        return [line for line in lines if order.from_day <= line.day < order.to_day]

    async def _explained(self, lines: Sequence[AuditLine]) -> list[AuditLine]:
        """The lines with the causes of differences, the newest days' first where there are too many."""
        explained, left = [], _MAX_EXPLAINED
        for line in sorted(lines, key=lambda line: line.day, reverse=True):
            if line.verdict == "different" and left:
                left -= 1
                case = Case(
                    line,
                    self._rereading.began_at(line.record_type, line.day),
                    line.record_type in self._rereading.refused_types(),
                )
                explained.append(explain(case, await self._records(line)))
            else:
                explained.append(line)
        return explained

    async def _records(self, line: AuditLine) -> list[DayRecord]:
        """The records of a line's day in its currency (or in none, where the amount cannot be read)."""
        records: list[DayRecord] = []
        async for page in self._book.day_records(line.record_type, line.day):
            records += [
                record for record in page if record.cost is None or record.cost.currency == line.book.currency
            ]
            if len(records) >= _MAX_RECORDS:
                break
        return records

    async def _with_waiting(self, lines: Sequence[AuditLine]) -> list[AuditLine]:
        """The open lines with the calls and messages that they wait for."""
        causes: dict[tuple[str, date], list[Cause]] = {
            (line.record_type, line.day): [] for line in lines if line.verdict == "open" and line.open_count
        }
        if causes:
            await self._find_waiting(causes)
        return [
            replace(line, causes=tuple(causes.get((line.record_type, line.day), ())))
            if line.verdict == "open"
            else line
            for line in lines
        ]

    async def _find_waiting(self, causes: dict[tuple[str, date], list[Cause]]) -> None:
        pages = 0
        async for page in self._ledger.list_unsettled(None):
            for item in page.items:
                for name in sorted({*item.missing, *item.unclosed}):
                    found = causes.get((name, utc_day(item.start_at)))
                    if found is not None and len(found) < MAX_CAUSES:
                        found.append(_waiting_cause(item, name))
            pages += 1
            if pages >= _MAX_WAITING_PAGES:
                return


def _waiting_cause(item: OpenItem, record_type: str) -> Cause:
    message = (
        f"it still waits for its {record_type} record"
        if record_type in item.missing
        else f"a last reading has yet to confirm its {record_type} records"
    )
    return Cause(message=message, kind=item.kind, charge_id=item.record_id)
