"""A ledger and an edge on a filled book, and whoever asks them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.common.channel import open_channel
from tests.benchmarks.questions import Known, Question
from tests.support.large_book import LargeBook
from tests.support.processes import running_tollbook
from tollbook.ledger.v1 import book_pb2
from tollbook.ledger.v1.ledger_pb2 import ChargeFilter, ListChargesRequest
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub


@dataclass(frozen=True, slots=True)
class AskedBook:
    """The real programs on one book. What they answer is read whole; an error ends the benchmark."""

    known: Known
    ledger: LedgerServiceStub
    http: httpx.AsyncClient

    async def open(self, path: str) -> None:
        """Ask the edge, as a browser or a program does."""
        (await self.http.get(path)).raise_for_status()

    async def ask(self, question: Question) -> None:
        """Ask the ledger, all requests of the question at once."""
        await asyncio.gather(
            *(
                self.ledger.ListCharges(request)
                if isinstance(request, ListChargesRequest)
                else self.ledger.Summarize(request)
                for request in question.requests
            )
        )


@asynccontextmanager
async def asked_book(url: str, size: LargeBook) -> AsyncIterator[AskedBook]:
    """Start the ledger and the edge on a book, and end them. The balance is in the book: nobody else is asked."""
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder,
        running_tollbook(Path(folder), {"LEDGER_DATABASE_URL": url}) as tollbook,
    ):
        for service in ("ledger", "gateway"):
            await asyncio.to_thread(tollbook.start, service)
        async with (
            open_channel(tollbook.target("ledger")) as channel,
            httpx.AsyncClient(base_url=tollbook.edge_url, trust_env=False) as http,
        ):
            ledger = LedgerServiceStub(channel)
            yield AskedBook(await _known(ledger, size), ledger, http)


async def _known(ledger: LedgerServiceStub, size: LargeBook) -> Known:
    request = ListChargesRequest(filter=ChargeFilter(kind=book_pb2.RECORD_KIND_CALL), page_size=1)
    call = (await ledger.ListCharges(request)).charges[0]
    return Known(size=size, number=size.number(7), contact=call.contact, call_id=call.record_id)
