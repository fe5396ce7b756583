"""The page `/billing`: what is on the account, what was spent on what, and every line of the bill.

Rendered on the server, whole for every address, readable without JavaScript. Each part fails on its own: without the
book's sums the balance still stands.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from google.protobuf.duration_pb2 import Duration
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.backends import Backends
from gateway.freshness_watch import FreshnessWatch
from gateway.pages.asking import Failure, ask
from gateway.pages.links import DEFAULTS, PAGE_PATH
from gateway.pages.overview.buckets import Unit, unit_of
from gateway.pages.overview.cards import BalanceReading
from gateway.pages.overview.filter_form import filter_form
from gateway.pages.overview.parts import OverviewAnswers, overview_parts
from gateway.pages.stopped import shown_symptoms
from gateway.pages.templates import render
from gateway.pages.view import View, read_query, read_view
from gateway.pages.zones import offered_zones
from gateway.problems import Problem, problem_of
from services.common.clock import Clock
from services.common.errors import InvalidInput
from services.common.wire import to_timestamp
from tollbook.ledger.v1.balance_pb2 import GetBalanceTrendRequest, GetBalanceTrendResponse
from tollbook.ledger.v1.ledger_pb2 import (
    GROUP_BY_DAY_AND_PART,
    GROUP_BY_MONTH_AND_PART,
    GROUP_BY_NUMBER,
    GROUP_BY_RECORD_TYPE,
    GROUP_BY_UNSPECIFIED,
    GROUP_BY_WEEK_AND_PART,
    ChargeFilter,
    GroupBy,
    ListChargesRequest,
    ListChargesResponse,
    SummarizeRequest,
    SummarizeResponse,
)
from tollbook.telnyx.v1.telnyx_gateway_pb2 import GetBalanceRequest

_BALANCE_AGE_S = 30
"""Everyone who watches a page without a balance in the book asks Telnyx; it is asked once for all of them."""

_COLUMNS: Mapping[Unit, GroupBy.ValueType] = {
    "week": GROUP_BY_WEEK_AND_PART,
    "month": GROUP_BY_MONTH_AND_PART,
}


class BillingPage:
    """Renders the page."""

    def __init__(self, backends: Backends, watch: FreshnessWatch, clock: Clock) -> None:
        self._telnyx = backends.telnyx
        self._ledger = backends.ledger
        self._balances = backends.balances
        self._watch = watch
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """The page as it stands now; for a filter that cannot be read, the form with what is wrong with it."""
        now = self._clock.now()
        try:
            view = read_view(request, now)
            answers = await self._ask(view)
            _refuse_bad_input(answers)
        except Problem as problem:
            return _form_again(request, problem, now)
        book_is_empty = await self._book_is_empty(answers.page)
        parts = overview_parts(view, answers, now, book_is_empty=book_is_empty)
        stopped = shown_symptoms(self._watch.symptoms, view.zone)
        return HTMLResponse(render("billing.html", problem=None, stopped=stopped, **parts))

    async def _ask(self, view: View) -> OverviewAnswers:
        page_request = ListChargesRequest(
            filter=view.wanted, page_size=view.row_count, page_token=view.cursor, order=view.order
        )
        async with asyncio.TaskGroup() as tasks:
            balance = tasks.create_task(self._balance(view))
            page = tasks.create_task(ask(self._ledger.ListCharges, page_request))
            before = tasks.create_task(self._sums_before(view))
            by_day = tasks.create_task(self._sums(view.wanted, _columns_of(view)))
            by_number = tasks.create_task(self._sums(view.wanted, GROUP_BY_NUMBER))
            # With the sums of the whole filter, as every answer has them.
            by_type = tasks.create_task(self._sums(view.wanted, GROUP_BY_RECORD_TYPE))
        reading, trend = balance.result()
        return OverviewAnswers(
            balance=reading,
            trend=trend,
            page=page.result(),
            before=before.result(),
            by_day=by_day.result(),
            by_number=by_number.result(),
            by_type=by_type.result(),
        )

    async def _sums(
        self, wanted: ChargeFilter, group_by: GroupBy.ValueType = GROUP_BY_UNSPECIFIED
    ) -> SummarizeResponse | Failure:
        request = SummarizeRequest(filter=wanted, group_by=group_by)
        return await ask(self._ledger.Summarize, request)

    async def _balance(
        self, view: View
    ) -> tuple[BalanceReading | Failure, GetBalanceTrendResponse | Failure]:
        """The last balance that the book has, with where it is going; Telnyx is asked only where it has none."""
        from_at, to_at = (view.before.from_at, view.before.to_at) if view.before else (None, None)
        request = GetBalanceTrendRequest(from_time=to_timestamp(from_at), to_time=to_timestamp(to_at))
        trend = await ask(self._balances.GetBalanceTrend, request)
        if not isinstance(trend, Failure) and trend.HasField("latest"):
            return trend.latest, trend
        now = GetBalanceRequest(max_age=Duration(seconds=_BALANCE_AGE_S))
        return await ask(self._telnyx.GetBalance, now), trend

    async def _sums_before(self, view: View) -> SummarizeResponse | Failure | None:
        if view.before is None:
            return None
        span = ChargeFilter(
            from_time=to_timestamp(view.before.from_at), to_time=to_timestamp(view.before.to_at)
        )
        earlier = ChargeFilter()
        earlier.CopyFrom(view.wanted)
        earlier.MergeFrom(span)
        return await self._sums(earlier)

    async def _book_is_empty(self, page: ListChargesResponse | Failure) -> bool:
        """Whether nothing was found because there is nothing at all."""
        if isinstance(page, Failure) or page.charges:
            return False
        anything = await ask(self._ledger.ListCharges, ListChargesRequest(page_size=1))
        return not isinstance(anything, Failure) and not anything.charges


def _columns_of(view: View) -> GroupBy.ValueType:
    """By what the chart groups. Where the first cost decides from when on it is drawn, its columns may yet be days."""
    return _COLUMNS.get(unit_of(view.period), GROUP_BY_DAY_AND_PART) if view.period else GROUP_BY_DAY_AND_PART


def _refuse_bad_input(answers: OverviewAnswers) -> None:
    """What only the ledger can check, such as a cursor. Raises Problem."""
    if isinstance(answers.page, Failure) and isinstance(answers.page.error, InvalidInput):
        raise problem_of(answers.page.error)


def _form_again(request: Request, problem: Problem, now: datetime) -> Response:
    """The page without its figures: what is wrong, beside the field that is to be changed."""
    asked = read_query(request)
    usable = asked.without(problem.field) if problem.field in DEFAULTS else asked
    body = render(
        "billing.html",
        problem=problem,
        form=filter_form(usable, now, asked=asked),
        start_url=usable.url() if usable != asked else PAGE_PATH,
        zones=offered_zones(),
    )
    return HTMLResponse(body, problem.status, problem.headers)
