"""The page `/billing/audit`: the book against what Telnyx itself adds up, per UTC day and product."""

from datetime import datetime

import grpc
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.access import Access, Need
from gateway.account_currency import account_currency_first
from gateway.audit_api import AUDIT_TIMEOUT_S
from gateway.backends import Backends
from gateway.freshness_watch import FreshnessWatch
from gateway.pages.asking import Failure, ask
from gateway.pages.audit.audit_view import AuditView, audit_view
from gateway.pages.fetch_outcomes import Outcome, outcome_of_error, told_outcome
from gateway.pages.forms import read_own_form
from gateway.pages.links import AUDIT_PATH, PERIOD_NAMES, Query
from gateway.pages.period_view import PeriodView, period_form_again, read_period_view
from gateway.pages.stopped import shown_symptoms
from gateway.pages.templates import render
from gateway.problems import Problem, problem_of
from gateway.ranges import Days, read_days
from services.common.clock import Clock
from services.common.errors import InvalidInput
from services.common.rpc_errors import from_rpc_error
from services.common.wire import to_date
from tollbook.reconciler.v1.audit_pb2 import AuditRequest

_SHOWN_WITHIN_S = 8.0
"""How long a person waits for Telnyx, which is asked about days that it has not spoken of.

What it has answered is kept, so that the next look goes on from there.
"""


class AuditPage:
    """Renders the page, and takes its button."""

    def __init__(self, backends: Backends, access: Access, watch: FreshnessWatch, clock: Clock) -> None:
        self._audits = backends.audits
        self._ledger = backends.ledger
        self._access = access
        self._watch = watch
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """The audit as it stands now; for a range that cannot be read, the form with what is wrong with it."""
        now = self._clock.now()
        try:
            period = read_period_view(request, now, AUDIT_PATH)
            days = read_days(request, now)
            audit = await self._audit(days, period)
        except Problem as problem:
            return period_form_again(request, problem, "audit.html", AUDIT_PATH, now)
        return HTMLResponse(
            render(
                "audit.html",
                **period.values(),
                stopped=shown_symptoms(self._watch.symptoms, period.zone),
                audit=audit,
                days=days,
                outcome=_outcome(request, now),
                may_ask=self._access.allows(Need.PAGE_RECONCILE, request.headers.raw),
            )
        )

    async def ask_again(self, request: Request) -> Response:
        """The form's range: Telnyx is asked about every day of it. Leads back to the page. Raises Problem."""
        form = await read_own_form(request)
        query = Query.of(form.items()).only(*PERIOD_NAMES)
        days = read_days(_as_if_asked(query, request), self._clock.now())
        outcome = await self._refresh(days)
        asked = str(int(self._clock.now().timestamp()))
        url = query.url(AUDIT_PATH)
        separator = "&" if query.items else "?"
        return RedirectResponse(f"{url}{separator}outcome={outcome}&asked={asked}", 303)

    async def _audit(self, days: Days, period: PeriodView) -> AuditView | Failure:
        asked = AuditRequest(from_day=to_date(days.first), to_day=to_date(days.end))
        answer = await ask(self._audits.Audit, asked, _SHOWN_WITHIN_S)
        if isinstance(answer, Failure):
            if isinstance(answer.error, InvalidInput):
                raise problem_of(answer.error)
            return answer
        totals = await account_currency_first(self._ledger, answer.totals)
        return audit_view(answer, totals, period.zone_parameter)

    async def _refresh(self, days: Days) -> Outcome:
        asked = AuditRequest(from_day=to_date(days.first), to_day=to_date(days.end), refresh=True)
        try:
            answer = await self._audits.Audit(asked, timeout=AUDIT_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            return outcome_of_error(from_rpc_error(error))
        return "partly" if answer.troubles else "asked"


def _outcome(request: Request, now: datetime) -> object:
    given = request.query_params
    return told_outcome(given.get("outcome", ""), given.get("asked", ""), now)


def _as_if_asked(query: Query, request: Request) -> Request:
    """The range of a form is read as if it stood in the address."""
    return Request({**request.scope, "query_string": query.url("").removeprefix("?").encode()})
