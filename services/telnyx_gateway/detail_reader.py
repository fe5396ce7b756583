"""Reading detail records page by page until every one of them was seen (Telnyx facts, section 3)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from services.common.clock import Clock
from services.common.errors import TelnyxRefused, TelnyxUnreachable
from services.telnyx_gateway import failpoints
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.coverage import Coverage
from services.telnyx_gateway.detail_query import PAGE_SIZE, DetailQuery, names_of
from services.telnyx_gateway.pages import parse_rows
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import Request
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.records import RowPage, read_record

MAX_DEPTH = 10_000
"""Rows beyond this offset are cut off: a window that has so many is read in halves."""

_MAX_PASSES = 4
_SMALLEST_PAGE = 1


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page as read: its number and totals are those of the (part of the) window that Telnyx was asked for."""

    records: tuple[DetailRecord, ...]
    page_number: int
    total_pages: int
    total_results: int


@dataclass(frozen=True, slots=True)
class Complete:
    """Every matching record was on one of the pages before. `read_at`: when the last was received."""

    total_results: int
    read_at: datetime
    query_form: str
    account_key: str
    request_count: int


@dataclass(slots=True)
class _Tally:
    """What one read adds up to, over all its windows."""

    read_at: datetime
    total_results: int = 0
    request_count: int = 0
    filter_name: str = ""


class DetailReader:
    """Reads detail records of one account. Remembers under which name Telnyx knows a type."""

    def __init__(self, client: TelnyxClient, clock: Clock, account_key: str) -> None:
        self._client = client
        self._clock = clock
        self._account_key = account_key
        self._filter_names: dict[str, str] = {}

    async def read(self, query: DetailQuery, priority: Priority) -> AsyncIterator[RecordPage | Complete]:
        """The pages, newest first, and at last Complete. A record can come on several pages.

        Without Complete the answer is not whole. Raises TelnyxRefused, QuotaExhausted, and TelnyxUnreachable, also
        where records kept changing while they were read, or are more than can be reached.
        """
        tally = _Tally(read_at=self._clock.now())
        async for page in self._read_window(query, priority, tally):
            yield page
        yield self._complete(query, tally)

    async def count(self, query: DetailQuery, priority: Priority) -> Complete:
        """How many records match, from the smallest page there is; raises what `read` raises.

        A window of more records than can be reached is counted in halves, as it would be read: what Telnyx says of a
        number so large was never measured.
        """
        tally = _Tally(read_at=self._clock.now())
        await self._count_window(query, priority, tally)
        return self._complete(query, tally)

    async def _count_window(self, query: DetailQuery, priority: Priority, tally: _Tally) -> None:
        page = await self._read_page(query, 1, priority, tally, _SMALLEST_PAGE)
        if page.total_results < MAX_DEPTH:
            tally.total_results += page.total_results
            return
        for half in _halves(query):
            await self._count_window(half, priority, tally)

    async def _read_window(
        self, query: DetailQuery, priority: Priority, tally: _Tally
    ) -> AsyncIterator[RecordPage]:
        coverage = Coverage()
        for _ in range(_MAX_PASSES):
            coverage.start_pass()
            async for page in self._read_pass(query, priority, tally):
                yield page
                if page.total_results >= MAX_DEPTH:
                    for half in _halves(query):
                        async for deeper in self._read_window(half, priority, tally):
                            yield deeper
                    return
                coverage.add([record.record_id for record in page.records], page.total_results)
                if coverage.is_complete:
                    tally.total_results += page.total_results
                    return
        raise TelnyxUnreachable(f"{query.record_type.name} records kept changing while they were read")

    async def _read_pass(
        self, query: DetailQuery, priority: Priority, tally: _Tally
    ) -> AsyncIterator[RecordPage]:
        """From the first page to the last, whatever happens meanwhile."""
        number = 1
        while True:
            page = await self._read_page(query, number, priority, tally)
            failpoints.PAGE_READ.reached()
            yield page
            failpoints.PAGE_TOLD.reached()
            if not page.records or number >= page.total_pages:
                return
            number += 1

    def _complete(self, query: DetailQuery, tally: _Tally) -> Complete:
        return Complete(
            total_results=tally.total_results,
            read_at=tally.read_at,
            query_form=query.named(tally.filter_name).form(self._account_key),
            account_key=self._account_key,
            request_count=tally.request_count,
        )

    async def _read_page(
        self,
        query: DetailQuery,
        number: int,
        priority: Priority,
        tally: _Tally,
        size: int = PAGE_SIZE,
    ) -> RecordPage:
        """One page, under the first name of the type that Telnyx does not refuse."""
        type_name = query.record_type.name
        known = self._filter_names.pop(type_name, None)
        names = [known] if known else list(names_of(query.record_type))
        for name in names:
            tally.request_count += 1
            try:
                rows = await self._client.ask(_request(query.named(name), number, size), priority)
            except TelnyxRefused as error:
                if error.field != "request" or name == names[-1]:
                    raise
                continue
            self._filter_names[type_name] = tally.filter_name = name
            break
        tally.read_at = self._clock.now()
        records = tuple(read_record(raw, query.record_type, tally.read_at) for raw in rows.rows)
        return RecordPage(records, number, rows.total_pages, rows.total_results)


def _halves(query: DetailQuery) -> tuple[DetailQuery, DetailQuery]:
    halves = query.window.halves() if query.window else None
    if halves is None:
        raise TelnyxUnreachable(
            f"more than {MAX_DEPTH} {query.record_type.name} records match, and no window is left to divide"
        )
    return query.within(halves[0]), query.within(halves[1])


def _request(query: DetailQuery, number: int, size: int) -> Request[RowPage]:
    return Request(
        "detail_records",
        query.page_parameters(number, size),
        parse_rows,
        f"[TELNYX DETAIL RECORDS] {query.filter_name} {'count' if size == _SMALLEST_PAGE else f'page {number}'}",
    )
