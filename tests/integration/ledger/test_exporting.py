"""ExportCharges over real gRPC: what comes, and every way in which a stream ends."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy import Connection

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.database import Database, open_database
from services.common.errors import InvalidInput, NotFound, TollbookError, Unavailable
from services.common.rpc_errors import from_rpc_error
from services.common.server import open_server
from services.ledger import exports
from services.ledger.__main__ import prepare
from services.ledger.exports import MAX_EXPORTS, ChargeExports
from services.ledger.settings import LedgerSettings
from services.ledger.store.charge_exports import ExportPage
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import Place
from services.telnyx_vocabulary.wire import encode_event
from tests.support.csv_oracle import HEADER
from tests.support.ledger_books import migrate_ledger
from tests.support.ledger_facts import at, leg
from tests.support.waiting import until
from tollbook.ledger.v1 import ledger_pb2, ledger_pb2_grpc

Stub = ledger_pb2_grpc.LedgerServiceStub
ENDLESS = Place(at(0), 1)


class Pages:
    """Stands in for the book: pages without end, unless there is an `error` to give in their place."""

    def __init__(self) -> None:
        self.count = 0
        self.error: TollbookError | None = None

    def __call__(self, _connection: Connection, **_asked: Any) -> ExportPage:
        if self.error is not None:
            raise self.error
        self.count += 1
        return ExportPage([b"a line\r\n" * 30_000] * 4, ENDLESS)

    async def wait_until_nobody_asks(self) -> None:
        counts = [-1]

        def has_stopped() -> bool:
            counts.append(self.count)
            return len(counts) > 20 and len(set(counts[-20:])) == 1

        await until(has_stopped)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    pages = Pages()
    monkeypatch.setattr(exports, "export_page", pages)
    return pages


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Stub]:
    settings = LedgerSettings(
        ledger_listen=Address("127.0.0.1", 0), ledger_database_url=f"sqlite:///{folder / 'ledger.db'}"
    )
    async with AsyncExitStack() as stack:
        endpoint = await prepare(settings, stack)
        bound = await stack.enter_async_context(open_server(endpoint))
        yield Stub(await stack.enter_async_context(open_channel(str(bound))))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Stub]:
    async with running(tmp_path) as stub:
        yield stub


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    migrate_ledger(url)
    opened = open_database(url)
    yield opened
    opened.close()


def asked(**wanted: Any) -> ledger_pb2.ExportChargesRequest:
    return ledger_pb2.ExportChargesRequest(filter=ledger_pb2.ChargeFilter(**wanted))


async def read_all(call: Any) -> bytes:
    return b"".join([message.lines async for message in call])


async def first_lines(call: Any) -> bytes:
    message: ledger_pb2.ExportChargesResponse = await call.read()
    return message.lines


async def refusal(call: Any) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await read_all(call)
    return from_rpc_error(raised.value)


async def test_the_charges_of_a_filter_as_lines(ledger: Stub) -> None:
    events = [encode_event(leg(name, name).hangup()) for name in ("one", "two")]
    await ledger.RecordEvents(ledger_pb2.RecordEventsRequest(events=events, until_booked=True))
    head, *lines, end = (await read_all(ledger.ExportCharges(asked()))).split(b"\r\n")
    assert head + b"\r\n" == HEADER
    assert {line.split(b",")[0].decode() for line in lines} == {
        leg(name, name).call_control_id for name in ("one", "two")
    }
    assert end == b""
    nobody = asked(phone_number="+12025550199")
    assert await read_all(ledger.ExportCharges(nobody)) == HEADER


async def test_what_cannot_be_asked_for_is_refused(ledger: Stub) -> None:
    error = await refusal(ledger.ExportCharges(asked(direction="sideways")))
    assert (type(error), error.field) == (InvalidInput, "direction")
    error = await refusal(ledger.ExportCharges(ledger_pb2.ExportChargesRequest(order=99)))  # type: ignore[arg-type]
    assert (type(error), error.field) == (InvalidInput, "sort")


async def test_who_hangs_up_ends_the_work(ledger: Stub, pages: Pages) -> None:
    call = ledger.ExportCharges(asked())
    assert await first_lines(call) == HEADER
    call.cancel()
    await pages.wait_until_nobody_asks()
    # There is room again, for as many as before.
    calls = [ledger.ExportCharges(asked()) for _ in range(MAX_EXPORTS)]
    for each in calls:
        assert await first_lines(each) == HEADER
    for each in calls:
        each.cancel()


async def test_who_reads_slowly_is_waited_for(ledger: Stub, pages: Pages) -> None:
    call = ledger.ExportCharges(asked())
    await call.read()
    await pages.wait_until_nobody_asks()
    waiting = pages.count
    while pages.count == waiting:
        await call.read()
    call.cancel()


async def test_an_error_in_the_middle_is_told(ledger: Stub, pages: Pages) -> None:
    call = ledger.ExportCharges(asked())
    assert await first_lines(call) == HEADER
    pages.error = NotFound("the page is gone")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        while True:
            await call.read()
    assert isinstance(from_rpc_error(raised.value), NotFound)


async def test_too_many_at_once_are_told_to_come_again(database: Database, pages: Pages) -> None:
    everyone = ChargeExports(database)
    running = [everyone.lines(ChargeFilter(), "newest") for _ in range(MAX_EXPORTS)]
    for lines in running:
        await anext(lines)
    with pytest.raises(Unavailable) as refused:
        await anext(everyone.lines(ChargeFilter(), "newest"))
    assert refused.value.retry_after_s > 0
    await running[0].aclose()
    assert await anext(everyone.lines(ChargeFilter(), "newest")) == HEADER
    for lines in running:
        await lines.aclose()


async def test_no_transaction_is_open_while_nobody_takes_a_line(database: Database) -> None:
    database.write(
        lambda connection: connection.exec_driver_sql("CREATE TABLE something_written (id INTEGER)")
    )
    lines = ChargeExports(database).lines(ChargeFilter(), "newest")
    await anext(lines)
    with closing(database.writer.raw_connection()) as writer:
        assert writer.driver_connection is not None
        busy, *_ = writer.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0, "a reader keeps the write-ahead log from being cleared"
    await lines.aclose()
