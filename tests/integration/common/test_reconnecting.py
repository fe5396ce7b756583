"""A server that is back is used again at once: after a long absence, at another address, and by long calls.

The promise is 2 s; `make chaos ARGS=restarts` measures it. Here only the clock of the test is slower.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest

from services.common.addresses import Address
from services.common.channel import open_channel
from tests.support.dns import open_name_server
from tests.support.echo_services import Context, open_echo
from tests.support.ports import free_port
from tollbook.ledger.v1 import ledger_pb2
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from tollbook.telnyx.v1 import reports_pb2
from tollbook.telnyx.v1.reports_pb2_grpc import ReportServiceStub
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent

_LEDGER = ledger_pb2.DESCRIPTOR.services_by_name["LedgerService"]
_REPORTS = reports_pb2.DESCRIPTOR.services_by_name["ReportService"]
_ABSENT_S = 10.0
_LEAST_ATTEMPTS = 12
"""In that time; with gRPC's own backoff there are 9."""
_LONGEST_S = 20.0


async def _at_once(_: str, __: Context) -> None:
    return


@pytest.fixture
def quick_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server does not wait for what never ends."""
    monkeypatch.setattr("services.common.server.DRAIN_S", 0.1)


@dataclass
class Absent:
    """What listens where the server was, and takes no connection seriously."""

    attempt_count: int = 0

    async def hang_up(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempt_count += 1
        writer.close()


@asynccontextmanager
async def absent(port: int) -> AsyncIterator[Absent]:
    nobody = Absent()
    async with await asyncio.start_server(nobody.hang_up, "127.0.0.1", port):
        yield nobody


async def test_a_server_is_looked_for_as_often_after_a_long_absence_as_at_first() -> None:
    port = free_port()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub = LedgerServiceStub(channel)
        async with absent(port) as nobody:
            asking = asyncio.ensure_future(stub.GetCall(ledger_pb2.GetCallRequest(), timeout=60))
            await asyncio.sleep(_ABSENT_S)
            assert nobody.attempt_count >= _LEAST_ATTEMPTS
        async with open_echo(_LEDGER, _at_once, Address("127.0.0.1", port)), asyncio.timeout(_LONGEST_S):
            await asking


@pytest.mark.usefixtures("quick_drain")
@pytest.mark.parametrize("name", ["GetCall", "WatchCharges"])
async def test_what_was_under_way_when_the_server_ended_is_asked_again(name: str) -> None:
    """By whoever comes next: a call that may be repeated is, before its first answer."""
    port, reached = free_port(), asyncio.Event()

    async def never(_: str, __: Context) -> None:
        reached.set()
        await asyncio.Future()

    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(open_channel(f"127.0.0.1:{port}"))
        server = AsyncExitStack()
        await server.enter_async_context(open_echo(_LEDGER, never, Address("127.0.0.1", port)))
        stub = LedgerServiceStub(channel)
        asking = asyncio.ensure_future(_first(stub, name))
        await reached.wait()
        await server.aclose()
        await stack.enter_async_context(open_echo(_LEDGER, _at_once, Address("127.0.0.1", port)))
        async with asyncio.timeout(_LONGEST_S):
            await asking


async def _first(stub: LedgerServiceStub, name: str) -> None:
    if name == "GetCall":
        await stub.GetCall(ledger_pb2.GetCallRequest(), timeout=60)
        return
    async for _ in stub.WatchCharges(ledger_pb2.WatchChargesRequest(), timeout=60):
        return


@pytest.mark.usefixtures("quick_drain")
async def test_a_large_request_is_repeated_too() -> None:
    """gRPC by itself remembers 256 KiB of a call."""
    attempts: list[str] = []
    port = free_port()
    ending = asyncio.Event()

    async def break_off_first(name: str, _: Context) -> None:
        attempts.append(name)
        if len(attempts) == 1:
            ending.set()
            await asyncio.Future()

    large = ledger_pb2.RecordEventsRequest(events=[WebhookEvent(raw=b"x" * 1024 * 1024)])
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub = LedgerServiceStub(channel)
        async with open_echo(_LEDGER, break_off_first, Address("127.0.0.1", port)):
            asking = asyncio.ensure_future(stub.RecordEvents(large, timeout=60))
            await ending.wait()
        async with (
            open_echo(_LEDGER, break_off_first, Address("127.0.0.1", port)),
            asyncio.timeout(_LONGEST_S),
        ):
            await asking
    assert attempts == ["RecordEvents", "RecordEvents"]


async def test_what_a_server_cancels_as_it_ends_is_asked_again() -> None:
    """That is what becomes of a call that reaches it between its decision to end and the client's hearing of it."""
    attempts: list[str] = []

    async def cancel_first(name: str, context: Context) -> None:
        attempts.append(name)
        if len(attempts) == 1:
            await context.abort(grpc.StatusCode.CANCELLED)

    async with open_echo(_LEDGER, cancel_first) as bound, open_channel(str(bound)) as channel:
        await LedgerServiceStub(channel).GetCall(ledger_pb2.GetCallRequest())
    assert attempts == ["GetCall", "GetCall"]


async def test_what_is_not_idempotent_is_not_asked_again() -> None:
    attempts: list[str] = []

    async def break_off(name: str, context: Context) -> None:
        attempts.append(name)
        await context.abort(grpc.StatusCode.UNAVAILABLE)

    async with open_echo(_REPORTS, break_off) as bound, open_channel(str(bound)) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await ReportServiceStub(channel).CreateReport(reports_pb2.CreateReportRequest())
    assert attempts == ["CreateReport"]


async def test_a_server_that_moved_is_found_under_its_name() -> None:
    port = free_port()
    async with open_name_server("127.0.0.1") as names, open_channel(names.target(port)) as channel:
        stub = LedgerServiceStub(channel)
        async with open_echo(_LEDGER, _at_once, Address("127.0.0.1", port)):
            await stub.GetCall(ledger_pb2.GetCallRequest(), timeout=_LONGEST_S)
        names.address = "127.0.0.2"
        async with open_echo(_LEDGER, _at_once, Address("127.0.0.2", port)):
            await stub.GetCall(ledger_pb2.GetCallRequest(), timeout=_LONGEST_S)
