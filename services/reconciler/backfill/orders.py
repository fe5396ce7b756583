"""Ordering a batch report, and waiting until Telnyx has made it."""

from services.common.errors import TelnyxRefused, Unavailable
from services.reconciler.backfill.plan import Order
from services.reconciler.backfill.ports import ReportsPort, ReportStatus
from services.reconciler.backfill.progress import Progress
from services.reconciler.backfill.waits import Pause
from services.reconciler.pace import doubled

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 60.0
_PATIENCE_S = 4 * 3_600.0
_MAX_ORDERS = 2


class Orders:
    """Orders reports. One that fails or expires is ordered anew, once (Telnyx facts, section 6)."""

    def __init__(self, reports: ReportsPort, progress: Progress, pause: Pause) -> None:
        self._reports = reports
        self._progress = progress
        self._pause = pause

    async def completed(self, order: Order) -> str:
        """The id of a report that Telnyx has made.

        Raises TelnyxRefused if it makes none, Unavailable if it takes hours.
        """
        status: ReportStatus = "failed"
        for _ in range(_MAX_ORDERS):
            report_id = await self._reports.create_report(order.record_type, order.span.window)
            self._progress.requested(1, 0)
            status = await self._settled_status(order, report_id)
            if status == "complete":
                return report_id
        raise TelnyxRefused(f"Telnyx made no report: it {status}, twice")

    async def _settled_status(self, order: Order, report_id: str) -> ReportStatus:
        waited_s = 0.0
        polls = 0
        while (status := await self._status(order, report_id)) == "pending":
            if waited_s >= _PATIENCE_S:
                raise Unavailable("Telnyx has not made the report for hours; ask again later")
            wait_s = doubled(_FIRST_PAUSE_S, polls, _LONGEST_PAUSE_S)
            await self._pause(wait_s)
            waited_s += wait_s
            polls += 1
        return status

    async def _status(self, order: Order, report_id: str) -> ReportStatus:
        status = await self._reports.report_status(order.record_type, report_id)
        self._progress.requested(1, 0)
        return status
