"""The ledger's gRPC service: decode, hand to the book, encode."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
import grpc
from sqlalchemy import Connection

from services.common.errors import InvalidInput
from services.common.times import EPOCH
from services.common.wire import from_timestamp, optional_time, to_timestamp
from services.ledger import call_codec, codec, failpoints, sweep_codec
from services.ledger.admission import admit, admit_moment, refused_as
from services.ledger.exports import ChargeExports
from services.ledger.feed import ChargeFeed
from services.ledger.intake.intake import Intake
from services.ledger.intake.requests import admitted_events
from services.ledger.metrics import SWEEPS
from services.ledger.record_booking import RecordBooking
from services.ledger.store.book import Book
from services.ledger.store.call_facts import list_call_facts
from services.ledger.store.call_views import get_call, get_session
from services.ledger.store.charge_pages import list_charges
from services.ledger.store.charge_views import get_charge
from services.ledger.store.held_counts import count_held
from services.ledger.store.sum_rows import asks_for_parts
from services.ledger.store.summaries import Sums, summarize
from services.ledger.store.work_lists import list_open, list_sweeps
from services.telnyx_vocabulary.wire import decode_record
from tollbook.ledger.v1 import book_pb2, ledger_pb2, ledger_pb2_grpc

MAX_BATCH = 1000
_MAX_PAGE = 1000
_MAX_ID_LENGTH = 512
_WRITER_THREADS = 8

Context = grpc.aio.ServicerContext[Any, Any]
Result = TypeVar("Result")


class LedgerService(ledger_pb2_grpc.LedgerServiceServicer):
    """Answers for the book. Errors are domain errors; the server's interceptor maps them."""

    def __init__(
        self, book: Book, feed: ChargeFeed, intake: Intake, seen: Callable[[datetime], None]
    ) -> None:
        """`seen` learns what the clocks of others show."""
        self._seen = seen
        self._book = book
        self._feed = feed
        self._exports = ChargeExports(book.database)
        self._intake = intake
        self._records = RecordBooking(book, intake.refused_records)
        self._writers = anyio.CapacityLimiter(_WRITER_THREADS)

    async def RecordEvents(
        self, request: ledger_pb2.RecordEventsRequest, _context: Context
    ) -> ledger_pb2.RecordEventsResponse:
        _check_batch(len(request.events), "events")
        batch = admitted_events(request)
        self._seen(max((event.received_at for event in batch), default=EPOCH))
        failpoints.EVENTS_RECEIVED.reached()
        if request.until_booked:
            new_count = await self._intake.record_until_booked(batch)
        else:
            new_count = await self._intake.record(batch, request.SerializeToString)
        return ledger_pb2.RecordEventsResponse(new_count=new_count)

    async def RecordDetailRecords(
        self, request: ledger_pb2.RecordDetailRecordsRequest, _context: Context
    ) -> ledger_pb2.RecordDetailRecordsResponse:
        _check_batch(len(request.records), "records")
        with refused_as("records"):
            batch = [admit(decode_record(message), "records") for message in request.records]
        self._seen(max((record.observed_at for record in batch), default=EPOCH))
        booked = await self._records.book(batch)
        return ledger_pb2.RecordDetailRecordsResponse(
            new_count=booked.new_count, changed_count=booked.changed_count
        )

    async def RecordSweep(
        self, request: ledger_pb2.RecordSweepRequest, _context: Context
    ) -> ledger_pb2.RecordSweepResponse:
        with refused_as("sweep"):
            sweep = admit(sweep_codec.decode_sweep(request.sweep), "sweep")
        row = await self._write(partial(self._book.record_sweep, sweep))
        encoded = sweep_codec.encode_sweep(row)
        SWEEPS.labels(
            book_pb2.SweepVerdict.Name(encoded.verdict).removeprefix("SWEEP_VERDICT_").lower()
        ).inc()
        return ledger_pb2.RecordSweepResponse(sweep=encoded)

    async def RecordUsage(
        self, request: ledger_pb2.RecordUsageRequest, _context: Context
    ) -> ledger_pb2.RecordUsageResponse:
        _check_batch(len(request.days), "days")
        if not request.record_type:
            raise InvalidInput("usage needs a record type", "record_type")
        with refused_as("days"):
            days = [sweep_codec.decode_usage_day(item) for item in request.days]
        with refused_as("read_time"):
            read_at = admit_moment(from_timestamp(request.read_time), "read_time")
        await self._write(
            partial(self._book.record_usage, request.record_type, days, read_at, request.account_key)
        )
        return ledger_pb2.RecordUsageResponse()

    async def ListUnsettled(
        self, request: ledger_pb2.ListUnsettledRequest, _context: Context
    ) -> ledger_pb2.ListUnsettledResponse:
        _check_batch(len(request.record_ids), "record_ids")
        now = self._book.clock.now()
        with refused_as("changed_since"):
            changed_since = optional_time(request, "changed_since")
        size = _page_size(request.page_size, 500)
        rows, cursor = await self._read(
            lambda connection: list_open(
                connection, now, changed_since, list(request.record_ids), size, request.page_token
            )
        )
        return ledger_pb2.ListUnsettledResponse(
            items=map(codec.encode_open_item, rows), next_page_token=cursor, read_time=to_timestamp(now)
        )

    async def ListSweeps(
        self, request: ledger_pb2.ListSweepsRequest, _context: Context
    ) -> ledger_pb2.ListSweepsResponse:
        with refused_as("read_since"):
            since = optional_time(request, "read_since")
        size, verdict = _page_size(request.page_size, 500), sweep_codec.decode_verdict(request.verdict)
        rows, cursor = await self._read(
            lambda connection: list_sweeps(
                connection, request.record_type, since, size, request.page_token, verdict
            )
        )
        return ledger_pb2.ListSweepsResponse(
            sweeps=map(sweep_codec.encode_sweep, rows), next_page_token=cursor
        )

    async def CountHeldRecords(
        self, request: ledger_pb2.CountHeldRecordsRequest, _context: Context
    ) -> ledger_pb2.CountHeldRecordsResponse:
        with refused_as("edges"):
            edges = [from_timestamp(edge) for edge in request.edges]
        counts = await self._read(lambda connection: count_held(connection, request.record_type, edges))
        return ledger_pb2.CountHeldRecordsResponse(counts=counts)

    async def GetCall(
        self, request: ledger_pb2.GetCallRequest, _context: Context
    ) -> ledger_pb2.GetCallResponse:
        _check_id(request.id, "callControlId")
        rules = self._book.rules
        view = await self._read(lambda connection: get_call(connection, request.id, rules))
        return ledger_pb2.GetCallResponse(call=call_codec.encode_call(view, rules.account_currency))

    async def GetSession(
        self, request: ledger_pb2.GetSessionRequest, _context: Context
    ) -> ledger_pb2.GetSessionResponse:
        _check_id(request.session_id, "callSessionId")
        rules = self._book.rules
        view = await self._read(lambda connection: get_session(connection, request.session_id, rules))
        return ledger_pb2.GetSessionResponse(session=call_codec.encode_session(view, rules.account_currency))

    async def ListCallFacts(
        self, request: ledger_pb2.ListCallFactsRequest, _context: Context
    ) -> ledger_pb2.ListCallFactsResponse:
        _check_id(request.id, "callControlId")
        rules = self._book.rules
        view = await self._read(lambda connection: list_call_facts(connection, request.id, rules))
        return call_codec.encode_facts(view)

    async def GetCharge(
        self, request: ledger_pb2.GetChargeRequest, _context: Context
    ) -> ledger_pb2.GetChargeResponse:
        _check_id(request.record_id, "id")
        kind, rules = codec.decode_kind(request.kind), self._book.rules
        view = await self._read(lambda connection: get_charge(connection, kind, request.record_id, rules))
        return call_codec.encode_charge_view(view, rules.account_currency)

    async def ListCharges(
        self, request: ledger_pb2.ListChargesRequest, _context: Context
    ) -> ledger_pb2.ListChargesResponse:
        with refused_as("from"):
            wanted = codec.decode_filter(request.filter)
        order = codec.decode_order(request.order)
        size = _page_size(request.page_size, 50)
        rows, cursor = await self._read_at_one_moment(
            lambda connection: list_charges(connection, wanted, size, request.page_token, order)
        )
        return ledger_pb2.ListChargesResponse(charges=map(codec.encode_charge, rows), next_page_token=cursor)

    async def ExportCharges(
        self, request: ledger_pb2.ExportChargesRequest, _context: Context
    ) -> AsyncIterator[ledger_pb2.ExportChargesResponse]:
        with refused_as("from"):
            wanted = codec.decode_filter(request.filter)
        order = codec.decode_order(request.order)
        async with aclosing(self._exports.lines(wanted, order)) as exported:
            async for lines in exported:
                yield ledger_pb2.ExportChargesResponse(lines=lines)

    async def Summarize(
        self, request: ledger_pb2.SummarizeRequest, _context: Context
    ) -> ledger_pb2.SummarizeResponse:
        with refused_as("from"):
            wanted = codec.decode_filter(request.filter)
        grouping = codec.decode_grouping(request.group_by)
        is_by_part = asks_for_parts(grouping)

        def read(connection: Connection) -> tuple[Sums, Sums]:
            sums = summarize(connection, wanted, grouping)
            # A charge has several parts: only ungrouped sums count each charge once.
            return sums, summarize(connection, wanted, None) if is_by_part else sums

        sums, totals = await self._read_at_one_moment(read)
        return codec.encode_summary(totals, sums if grouping else {}, self._book.rules.account_currency)

    async def WatchCharges(
        self, request: ledger_pb2.WatchChargesRequest, _context: Context
    ) -> AsyncIterator[ledger_pb2.WatchChargesResponse]:
        async with aclosing(self._feed.watch(request.position)) as watch:
            async for changes in watch:
                yield ledger_pb2.WatchChargesResponse(
                    charges=map(codec.encode_charge, changes.charges), position=changes.position
                )

    async def _write(self, work: Callable[[], Result]) -> Result:
        return await anyio.to_thread.run_sync(work, limiter=self._writers)

    async def _read(self, work: Callable[[Connection], Result]) -> Result:
        return await self._book.database.read_async(work)

    async def _read_at_one_moment(self, work: Callable[[Connection], Result]) -> Result:
        """For answers that count first and then read what was counted: both must agree."""
        return await self._book.database.read_async(work, at_one_moment=True)


def _check_batch(count: int, field: str) -> None:
    if count > MAX_BATCH:
        raise InvalidInput(f"at most {MAX_BATCH} at once, not {count}", field)


def _check_id(text: str, field: str) -> None:
    if not text or len(text) > _MAX_ID_LENGTH:
        raise InvalidInput(f"an id has 1 to {_MAX_ID_LENGTH} characters", field)


def _page_size(asked: int, default: int) -> int:
    if asked < 0 or asked > _MAX_PAGE:
        raise InvalidInput(f"a page has 1 to {_MAX_PAGE} rows", "limit")
    return asked or default
