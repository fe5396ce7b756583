"""The lines of the bill and their sums: `/api/billing/records` and `/api/billing/summary`."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.answers import GroupedSummary, Records
from gateway.backends import Backends
from gateway.book_answers import group_of, record_of, summary_of
from gateway.csv_export import export, head_of_export
from gateway.exact_response import ExactJson
from gateway.filters import read_filter, read_order
from gateway.parameters import choice_parameter, cursor_parameter, flag_parameter, number_parameter
from services.common.clock import Clock
from tollbook.ledger.v1.ledger_pb2 import (
    GROUP_BY_DAY,
    GROUP_BY_NUMBER,
    GROUP_BY_PART,
    GROUP_BY_RECORD_TYPE,
    GROUP_BY_UNSPECIFIED,
    ExportChargesRequest,
    ListChargesRequest,
    SummarizeRequest,
)

_DEFAULT_LIMIT = 50
_MAX_LIMIT = 1000
_GROUPS = {
    "none": GROUP_BY_UNSPECIFIED,
    "day": GROUP_BY_DAY,
    "number": GROUP_BY_NUMBER,
    "recordType": GROUP_BY_RECORD_TYPE,
    "part": GROUP_BY_PART,
}


class RecordsApi:
    """Endpoints that read charges from the ledger."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._backends = backends
        self._ledger = backends.ledger
        self._clock = clock

    async def records(self, request: Request) -> Response:
        """A page of records with the sums over the whole filter; `export=true`: all of them as CSV."""
        if flag_parameter(request, "export"):
            return await self.csv(request)
        wanted = read_filter(request, self._clock.now())
        order = read_order(request)
        limit = number_parameter(request, "limit", _DEFAULT_LIMIT, highest=_MAX_LIMIT)
        asked = ListChargesRequest(
            filter=wanted, order=order, page_size=limit, page_token=cursor_parameter(request)
        )
        page, sums = await asyncio.gather(
            self._ledger.ListCharges(asked), self._ledger.Summarize(SummarizeRequest(filter=wanted))
        )
        return ExactJson(
            Records(
                records=[record_of(charge) for charge in page.charges],
                summary=summary_of(sums.totals),
                next_cursor=page.next_page_token or None,
            )
        )

    async def summary(self, request: Request) -> Response:
        """The sums over a filter, whole and in groups."""
        wanted = read_filter(request, self._clock.now())
        group_by = choice_parameter(request, "groupBy", _GROUPS, "none")
        sums = await self._ledger.Summarize(SummarizeRequest(filter=wanted, group_by=group_by))
        return ExactJson(
            GroupedSummary(totals=summary_of(sums.totals), groups=[group_of(group) for group in sums.groups])
        )

    async def csv(self, request: Request) -> Response:
        """All records of a filter as CSV, in the order asked for, whatever `limit` and `cursor` say."""
        now = self._clock.now()
        asked = ExportChargesRequest(filter=read_filter(request, now), order=read_order(request))
        if request.method == "HEAD":
            return head_of_export(asked, now)
        return await export(self._backends, asked, now)
