"""Closing sweeps: read what is late enough to its end, so that the ledger may believe Telnyx's silence."""

from collections.abc import Iterable, Sequence
from typing import Final

from services.common.clock import Clock
from services.common.errors import TollbookError
from services.reconciler import failpoints
from services.reconciler.closing import (
    ClosingNeed,
    closing_needs,
    closing_windows,
    usage_days,
)
from services.reconciler.day_closing import CLOSING_MARGIN, awaits_its_day
from services.reconciler.discovery import Discovery
from services.reconciler.pace import ClosingLane, Rest
from services.reconciler.ports import MAX_IDS, LedgerPort
from services.reconciler.reader import Reader, gather_some
from services.reconciler.surveys import Surveys
from services.reconciler.sweep_histories import SweepHistories
from services.reconciler.trailing import SweepRules
from services.reconciler.troubles import Troubles
from services.reconciler.usage_reading import UsageReading
from services.reconciler.windows import Window

_SHARE: Final = 0.25
_MAX_WINDOWS: Final = 20
_LEAST_PACE_S: Final = 1.0
_PACE_PER_INTERVAL: Final = 0.25
_LONGEST_PER_INTERVAL: Final = 4.0
_MOST_OWN_ROWS: Final = 500
_OWN_WINDOW_S: Final = 2 * CLOSING_MARGIN.total_seconds()

Needs = dict[str, list[ClosingNeed]]


class ClosingSweeps:
    """Closes, type by type, the windows of items that still miss something after the settle horizon.

    Where records lie so densely that a call's own window holds many pages, calls wait for their day to be closed. A
    type's windows are looked at again at most each quarter of the sweep interval, and less and less often
    while the same items stay open.
    """

    def __init__(
        self,
        discovery: Discovery,
        ledger: LedgerPort,
        usage: UsageReading,
        reader: Reader,
        surveys: Surveys,
        histories: SweepHistories,
        rules: SweepRules,
        clock: Clock,
    ) -> None:
        self._discovery = discovery
        self._ledger = ledger
        self._usage = usage
        self._reader = reader
        self._surveys = surveys
        self._histories = histories
        self._rules = rules
        self._interval_s = rules.interval.total_seconds()
        self._clock = clock
        self._lanes: dict[str, ClosingLane] = {}
        self._troubles = Troubles("closing sweeps")
        self._usage_troubles = Troubles("usage reports")

    async def step(self) -> bool:
        """Read what can be closed now; False if there was nothing. A type that fails waits, the others go on."""
        needs = await self._ready_needs()
        if not needs:
            return False
        await self._ask_again({need.record_id for wanted in needs.values() for need in wanted})
        confirmed = await self._ready_needs()
        if not confirmed:
            return False
        failpoints.CLOSING_CONFIRMED.reached()
        await gather_some(self._close_type, list(confirmed.items()))
        self._discovery.look_at_all_soon()
        return True

    async def _ready_needs(self) -> Needs:
        histories = await self._histories.known()

        def leaves(record_type: str, span: Window) -> bool:
            is_dense = self._reader.rows_per_s(record_type) * _OWN_WINDOW_S > _MOST_OWN_ROWS
            return is_dense and awaits_its_day(span, histories[record_type].closed_days)

        now_s = self._clock.monotonic_s()
        refused = self._reader.refused_types()
        needs = closing_needs(
            self._discovery.closable.values(), self._clock.now(), self._rules.horizon, leaves
        )
        return {
            name: wanted
            for name, wanted in needs.items()
            if name not in refused and self._lane(name).is_over(now_s)
        }

    async def _ask_again(self, record_ids: Iterable[str]) -> None:
        """Forget the items that have settled meanwhile, and learn what the others miss now."""
        ids = sorted(record_ids)
        for start in range(0, len(ids), MAX_IDS):
            asked = ids[start : start + MAX_IDS]
            answer = await self._ledger.unsettled(asked)
            for record_id in asked:
                self._discovery.closable.pop(record_id, None)
            self._discovery.closable.update({item.record_id: item for item in answer.items})

    async def _close_type(self, wanted: tuple[str, Sequence[ClosingNeed]]) -> None:
        record_type, needs = wanted
        started_s = self._clock.monotonic_s()
        try:
            windows = closing_windows(needs, self._reader.rows_per_s(record_type))
            for group in windows[:_MAX_WINDOWS]:
                async for sweep in self._surveys.survey(record_type, group.window):
                    if sweep.verdict == "unproven":
                        await self._ask_usage(record_type, group.members)
            self._troubles.succeeded(record_type)
        except TollbookError as error:
            self._troubles.failed(record_type, str(error))
        finally:
            now_s = self._clock.monotonic_s()
            served = frozenset(need.record_id for need in needs)
            self._lane(record_type).read(now_s, now_s - started_s, served)

    async def _ask_usage(self, record_type: str, needs: Sequence[ClosingNeed]) -> None:
        """An empty window proves something if usage_reports show 0 for its days (design, rule 3.n)."""
        days = usage_days(needs)
        if days is None:
            return
        try:
            await self._usage.read(record_type, *days)
        except TollbookError as error:
            self._usage_troubles.failed(record_type, str(error))
            return
        self._usage_troubles.succeeded(record_type)

    def _lane(self, record_type: str) -> ClosingLane:
        lane = self._lanes.get(record_type)
        if lane is None:
            pace_s = max(_LEAST_PACE_S, self._interval_s * _PACE_PER_INTERVAL)
            longest_s = max(pace_s, self._interval_s * _LONGEST_PER_INTERVAL)
            lane = self._lanes[record_type] = ClosingLane(pace_s, longest_s, Rest(_SHARE))
        return lane
