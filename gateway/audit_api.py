"""What proves the book: `/api/billing/audit` and `/api/billing/sessions/{id}/witnesses`."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.access import Access, Need
from gateway.account_currency import account_currency_first
from gateway.audit_answers import audit_of
from gateway.backends import Backends
from gateway.exact_response import ExactJson
from gateway.parameters import flag_parameter, path_id
from gateway.ranges import read_days
from gateway.witness_answers import witnesses_of
from services.common.clock import Clock
from services.common.wire import to_date
from tollbook.reconciler.v1.audit_pb2 import AuditRequest, CompareWitnessesRequest

AUDIT_TIMEOUT_S = 60.0
"""Longer than any wait for Telnyx's quota."""

_COMPARE_TIMEOUT_S = 30.0


class AuditApi:
    """Endpoints that ask the reconciler to compare."""

    def __init__(self, backends: Backends, access: Access, clock: Clock) -> None:
        self._audits = backends.audits
        self._ledger = backends.ledger
        self._access = access
        self._clock = clock

    async def audit(self, request: Request) -> Response:
        """The book against usage_reports. `refresh` costs requests to Telnyx, and needs the scope for that."""
        refresh = flag_parameter(request, "refresh")
        if refresh:
            self._access.check(Need.RECONCILE, request.headers.raw)
        days = read_days(request, self._clock.now())
        asked = AuditRequest(from_day=to_date(days.first), to_day=to_date(days.end), refresh=refresh)
        answer = await self._audits.Audit(asked, timeout=AUDIT_TIMEOUT_S)
        return ExactJson(audit_of(days, answer, await account_currency_first(self._ledger, answer.totals)))

    async def witnesses(self, request: Request) -> Response:
        """What each witness says that a session cost."""
        session_id = path_id(request)
        asked = CompareWitnessesRequest(
            session_id=session_id, ask_telnyx=flag_parameter(request, "askTelnyx")
        )
        compared = await self._audits.CompareWitnesses(asked, timeout=_COMPARE_TIMEOUT_S)
        return ExactJson(witnesses_of(session_id, compared))
