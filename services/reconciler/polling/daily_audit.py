"""The audit that nobody asks for: once a day, of the last 31 days, for the metrics and the log."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, get_args

import structlog
from prometheus_client import Gauge

from services.common.clock import Clock
from services.common.times import utc_day
from services.reconciler.audit.auditor import AuditOrder
from services.reconciler.audit.line import AuditResult, AuditVerdict
from services.reconciler.audit.rereading import UNATTENDED
from services.reconciler.leadership import Leadership
from services.reconciler.polling.due import audit_moment

AUDITED_DAYS = Gauge(
    "tollbook_audited_days", "Days of products in the last daily audit, by verdict", ["verdict"]
)
AUDIT_DIFFERENCE_NANOS = Gauge(
    "tollbook_audit_difference_nanos",
    "What the differing days of the last daily audit differ by, whichever way, in nanos",
    ["currency"],
)

_REACH: Final = timedelta(days=31)
_BUDGET_S: Final = 3_600.0
_LOOK_EVERY_S: Final = 60.0
_FIRST_AFTER_S: Final = 1_800.0
"""After a start the sweeps first catch up: an audit before would find what they are about to find."""

_MOST_LOGGED: Final = 20
_DAY: Final = timedelta(days=1)
_log = structlog.get_logger()

Audit = Callable[[AuditOrder, float], Awaitable[AuditResult]]
"""Carries out an order within about so many seconds."""


class DailyAudit:
    """Audits when another day has closed; a difference is a warning in the log."""

    def __init__(self, leadership: Leadership, audit: Audit, horizon: timedelta, clock: Clock) -> None:
        self._leadership = leadership
        self._audit = audit
        self._horizon = horizon
        self._clock = clock
        self._started_s = clock.monotonic_s()
        self._audited_at: datetime | None = None

    async def tick(self) -> float:
        """One turn of the timed loop. Raises TollbookError when the ledger does not answer."""
        if not self._is_due() or not await self._leadership.is_held():
            return _LOOK_EVERY_S
        now = self._clock.now()
        today = utc_day(now)
        # Again: a record that came days after its day was closed shows itself nowhere but in a word that has changed.
        order = AuditOrder(today - _REACH + _DAY, today + _DAY, again=True, patience=UNATTENDED)
        async with self._leadership.kept():
            result = await self._audit(order, _BUDGET_S)
        self._audited_at = now
        _measure(result)
        _tell(result)
        return _LOOK_EVERY_S

    def _is_due(self) -> bool:
        if self._audited_at is None:
            return self._clock.monotonic_s() >= self._started_s + _FIRST_AFTER_S
        return self._audited_at < audit_moment(self._clock.now(), self._horizon)


def _measure(result: AuditResult) -> None:
    for verdict, count in _counts(result).items():
        AUDITED_DAYS.labels(verdict=verdict).set(count)
    sizes = {totals.currency: 0 for totals in result.totals}
    for line in result.lines:
        if line.verdict in ("different", "not_read"):
            sizes[line.book.currency] += abs(line.difference_nanos or 0)
    for currency, nanos in sizes.items():
        AUDIT_DIFFERENCE_NANOS.labels(currency=currency).set(nanos)


def _tell(result: AuditResult) -> None:
    for line in [line for line in result.lines if line.verdict in ("different", "not_read")][:_MOST_LOGGED]:
        _log.warning(
            "audit.different", day=str(line.day), product=line.product, message=f"{line.day}: {line.reason}"
        )
    for trouble in result.troubles:
        _log.warning("audit.incomplete", message=trouble)
    _log.info("audit.finished", **_counts(result))


def _counts(result: AuditResult) -> dict[AuditVerdict, int]:
    counts: dict[AuditVerdict, int] = dict.fromkeys(get_args(AuditVerdict), 0)
    for line in result.lines:
        counts[line.verdict] += 1
    return counts
