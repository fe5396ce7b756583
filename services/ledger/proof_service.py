"""The ledger's gRPC service for the proof of the book: decode, hand to the store, encode."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import grpc

from services.common.errors import InvalidInput
from services.common.wire import optional_time
from services.ledger import failpoints, proof_codec, verification_codec
from services.ledger.admission import admit_moment, refused_as
from services.ledger.amounts import day_of, days_of
from services.ledger.intake.intake import Intake
from services.ledger.replay import Replayer
from services.ledger.store.blocks import load_head
from services.ledger.store.book import Book
from services.ledger.store.book_days import list_book_days
from services.ledger.store.book_health import book_health
from services.ledger.store.day_records import list_day_records
from services.ledger.store.day_sources import claim_day
from services.ledger.verification import Verifier
from tollbook.ledger.v1 import proof_pb2, proof_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]

_USUAL_PAGE = 500
_MAX_PAGE = 1000
_MAX_CLAIMS = 366


class ProofService(proof_pb2_grpc.ProofServiceServicer):
    """Answers for what the book can prove. Errors are domain errors; the server's interceptor maps them."""

    def __init__(self, book: Book, intake: Intake) -> None:
        self._book = book
        self._intake = intake
        self._database = book.database
        self._verifier = Verifier(book.database, book.clock)
        self._replayer = Replayer(book)

    async def ListBookDays(
        self, request: proof_pb2.ListBookDaysRequest, _context: Context
    ) -> proof_pb2.ListBookDaysResponse:
        first, after = days_of(request.from_day, request.to_day)
        currency = self._book.rules.account_currency
        days = await self._database.read_async(
            lambda connection: list_book_days(connection, first, after, currency), at_one_moment=True
        )
        return proof_pb2.ListBookDaysResponse(days=map(proof_codec.encode_book_day, days))

    async def ListDayRecords(
        self, request: proof_pb2.ListDayRecordsRequest, _context: Context
    ) -> proof_pb2.ListDayRecordsResponse:
        record_type, day = _record_type(request.record_type), day_of(request.day, "day")
        if not 0 <= request.page_size <= _MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {_MAX_PAGE} rows", "page_size")
        size = request.page_size or _USUAL_PAGE
        records, cursor = await self._database.read_async(
            lambda connection: list_day_records(connection, record_type, day, size, request.page_token)
        )
        return proof_pb2.ListDayRecordsResponse(
            records=map(proof_codec.encode_day_record, records), next_page_token=cursor
        )

    async def ClaimDay(
        self, request: proof_pb2.ClaimDayRequest, _context: Context
    ) -> proof_pb2.ClaimDayResponse:
        record_type, day = _record_type(request.record_type), day_of(request.day, "day")
        source = proof_codec.decode_source(request.source)
        now = self._book.clock.now()
        standing = await self._database.write_async(
            lambda connection: claim_day(connection, record_type, day, source, now)
        )
        failpoints.DAYS_CLAIMED.reached()
        return proof_pb2.ClaimDayResponse(source=proof_codec.encode_source(standing))

    async def ClaimDays(
        self, request: proof_pb2.ClaimDaysRequest, _context: Context
    ) -> proof_pb2.ClaimDaysResponse:
        record_type = _record_type(request.record_type)
        if not 0 < len(request.days) <= _MAX_CLAIMS:
            raise InvalidInput(f"claim 1 to {_MAX_CLAIMS} days at a time", "days")
        days = [day_of(day, "days") for day in request.days]
        source = proof_codec.decode_source(request.source)
        now = self._book.clock.now()
        # In the order of the days, so that two who claim the same ones never wait for one another in a circle.
        standing = await self._database.write_async(
            lambda connection: {
                day: claim_day(connection, record_type, day, source, now) for day in sorted(set(days))
            }
        )
        failpoints.DAYS_CLAIMED.reached()
        return proof_pb2.ClaimDaysResponse(sources=[proof_codec.encode_source(standing[day]) for day in days])

    async def GetBookHealth(
        self, _request: proof_pb2.GetBookHealthRequest, _context: Context
    ) -> proof_pb2.GetBookHealthResponse:
        now, rules = self._book.clock.now(), self._book.rules
        health = await self._database.read_async(partial(book_health, now=now, rules=rules))
        health = replace(health, faults=[*await self._intake.refused_faults(), *health.faults])
        return proof_codec.encode_health(health, rules.account_currency)

    async def VerifyBook(
        self, request: proof_pb2.VerifyBookRequest, _context: Context
    ) -> AsyncIterator[proof_pb2.VerifyBookResponse]:
        async with aclosing(self._verifier.verify(self._book.rules, request.expected_head)) as items:
            async for item in items:
                yield verification_codec.encode_item(item)

    async def GetHead(
        self, _request: proof_pb2.GetHeadRequest, _context: Context
    ) -> proof_pb2.GetHeadResponse:
        head = await self._database.read_async(load_head, at_one_moment=True)
        return verification_codec.encode_head(head)

    async def ReplayEvents(
        self, request: proof_pb2.ReplayEventsRequest, _context: Context
    ) -> AsyncIterator[proof_pb2.ReplayEventsResponse]:
        with refused_as("from_time"):
            from_at, to_at = optional_time(request, "from_time"), optional_time(request, "to_time")
        for moment in (from_at, to_at):
            if moment is not None:
                admit_moment(moment, "from_time")
        async with aclosing(self._replayer.replay(from_at, to_at)) as steps:
            async for told in steps:
                yield verification_codec.encode_replayed(told)


def _record_type(name: str) -> str:
    if not name:
        raise InvalidInput("say which record type is meant", "record_type")
    return name
