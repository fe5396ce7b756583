"""How long the ledger takes for what the page and REST ask, in a book of a million charges, on both stores.

    python -m tests.benchmarks.views --charges 1000000 --rounds 5 --store sqlite

The times are those of a caller on the same machine, over real gRPC and HTTP: server, wire and decoding. The goal of a
view, and of any single answer, is 200 ms.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy import text

from services.common.channel import open_channel
from services.common.database import open_database
from tests.benchmarks.questions import Known, Question, addresses, questions
from tests.benchmarks.timing import Timing, show, take_times, tell
from tests.support.databases import DATABASE_KINDS, DatabaseKind
from tests.support.large_book import LargeBook, fill_large_book
from tests.support.postgres import PostgresStartError, running_postgres
from tests.support.processes import Tollbook, running_tollbook
from tollbook.ledger.v1 import book_pb2
from tollbook.ledger.v1.ledger_pb2 import ChargeFilter, ListChargesRequest
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

GOAL_MS = 200.0


def main() -> None:
    """Fill, ask, show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--charges", type=int, default=LargeBook().charge_count)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--store", choices=DATABASE_KINDS, action="append")
    asked = parser.parse_args()
    size = LargeBook(charge_count=asked.charges)
    for kind in asked.store or DATABASE_KINDS:
        try:
            with _filled(kind, size) as url:
                timings = _measure(url, size, asked.rounds)
        except PostgresStartError as error:
            tell(f"without {kind}: {error}")
            continue
        show(f"{kind}, {size.charge_count:,} charges", timings, GOAL_MS)


@contextmanager
def _filled(kind: DatabaseKind, size: LargeBook) -> Iterator[str]:
    """The URL of a book that is gone afterwards."""
    if kind == "postgresql":
        with running_postgres() as server:
            url = server.create_database("book")
            _fill(url, size)
            _vacuum(url)
            yield url
    else:
        with tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder:
            url = f"sqlite:///{Path(folder) / 'ledger.db'}"
            _fill(url, size)
            yield url


def _fill(url: str, size: LargeBook) -> None:
    tell(f"Filling {url.partition(':')[0]} with {size.charge_count:,} charges; a million take some minutes.")
    start_s = time.perf_counter()
    fill_large_book(url, size)
    tell(f"Filled in {time.perf_counter() - start_s:.0f} s.")


def _vacuum(url: str) -> None:
    """What autovacuum does in the background of a book that has grown to this size by and by."""
    database = open_database(url)
    try:
        with database.writer.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    finally:
        database.close()


def _measure(url: str, size: LargeBook, rounds: int) -> list[Timing]:
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder,
        running_tollbook(Path(folder), {"LEDGER_DATABASE_URL": url}) as tollbook,
    ):
        for service in ("ledger", "telnyx_gateway", "gateway"):
            tollbook.start(service)
        return asyncio.run(_ask_everything(tollbook, size, rounds))


async def _ask_everything(tollbook: Tollbook, size: LargeBook, rounds: int) -> list[Timing]:
    async with (
        open_channel(tollbook.target("ledger")) as channel,
        httpx.AsyncClient(base_url=tollbook.edge_url, trust_env=False) as http,
    ):
        ledger = LedgerServiceStub(channel)
        known = await _known(ledger, size)
        pages = [
            await take_times(name, partial(_open, http, path), rounds) for name, path in addresses(known)
        ]
        return pages + [
            await take_times(question.name, partial(_ask, ledger, question), rounds)
            for question in questions(known)
        ]


async def _known(ledger: LedgerServiceStub, size: LargeBook) -> Known:
    request = ListChargesRequest(filter=ChargeFilter(kind=book_pb2.RECORD_KIND_CALL), page_size=1)
    call = (await ledger.ListCharges(request)).charges[0]
    return Known(size=size, number=size.number(7), contact=call.contact, call_id=call.record_id)


async def _open(http: httpx.AsyncClient, path: str) -> None:
    (await http.get(path)).raise_for_status()


async def _ask(ledger: LedgerServiceStub, question: Question) -> None:
    await asyncio.gather(
        *(
            ledger.ListCharges(request)
            if isinstance(request, ListChargesRequest)
            else ledger.Summarize(request)
            for request in question.requests
        )
    )


if __name__ == "__main__":
    main()
