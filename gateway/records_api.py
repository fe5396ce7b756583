"""The lines of the bill and their sums: `/api/billing/records` and `/api/billing/summary`."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.answers import GroupedSummary, Records
from gateway.backends import Backends
from gateway.book_answers import group_of, record_of, summary_of
from gateway.csv_export import header_line, record_lines
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
    ListChargesRequest,
    ListChargesResponse,
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
        self._ledger = backends.ledger
        self._clock = clock

    async def records(self, request: Request) -> Response:
        """A page of records with the sums over the whole filter; `export=true`: all of them as CSV."""
        wanted = read_filter(request, self._clock.now())
        order = read_order(request)
        if flag_parameter(request, "export"):
            return await self._export(ListChargesRequest(filter=wanted, order=order, page_size=_MAX_LIMIT))
        limit = number_parameter(request, "limit", _DEFAULT_LIMIT, highest=_MAX_LIMIT)
        page_request = ListChargesRequest(
            filter=wanted, order=order, page_size=limit, page_token=cursor_parameter(request)
        )
        page, sums = await asyncio.gather(
            self._ledger.ListCharges(page_request), self._ledger.Summarize(SummarizeRequest(filter=wanted))
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

    async def _export(self, request: ListChargesRequest) -> Response:
        # The first page is read before the answer begins, so that an error can still be told as one.
        first_page = await self._ledger.ListCharges(request)
        return StreamingResponse(
            self._csv(request, first_page),
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="tollbook-records.csv"'},
        )

    async def _csv(self, request: ListChargesRequest, page: ListChargesResponse) -> AsyncIterator[bytes]:
        yield header_line()
        while True:
            yield record_lines(map(record_of, page.charges))
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
            page = await self._ledger.ListCharges(request)
