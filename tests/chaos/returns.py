"""How soon a server that was away is used again, and how long a connection lasts on which nobody speaks."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.addresses import Address
from services.common.channel import open_channel
from tests.support.dns import open_name_server
from tests.support.echo_services import Context, open_echo
from tests.support.ports import free_port
from tests.support.waiting import until
from tollbook.ledger.v1 import ledger_pb2
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

_LEDGER = ledger_pb2.DESCRIPTOR.services_by_name["LedgerService"]
_LONGEST_S = 60.0
_LONGEST_WATCH_S = 3600.0


def time_return(absent_s: float) -> float:
    """Seconds from a server's return, after so long, until the first call is answered that waits for it."""
    return asyncio.run(_time_return(absent_s))


def time_move() -> float:
    """The same where the server comes back at another address behind its name."""
    return asyncio.run(_time_move())


async def _at_once(_: str, __: Context) -> None:
    return


async def _time_return(absent_s: float) -> float:
    here = Address("127.0.0.1", free_port())
    async with open_channel(str(here)) as channel:
        stub = LedgerServiceStub(channel)
        async with open_echo(_LEDGER, _at_once, here):
            await stub.GetCall(ledger_pb2.GetCallRequest())
        waiting = asyncio.ensure_future(
            stub.GetCall(ledger_pb2.GetCallRequest(), timeout=absent_s + _LONGEST_S)
        )
        await asyncio.sleep(absent_s)
        return await _time_answer(here, waiting)


async def _time_move() -> float:
    port = free_port()
    async with open_name_server("127.0.0.1") as names, open_channel(names.target(port)) as channel:
        stub = LedgerServiceStub(channel)
        async with open_echo(_LEDGER, _at_once, Address("127.0.0.1", port)):
            await stub.GetCall(ledger_pb2.GetCallRequest())
        waiting = asyncio.ensure_future(stub.GetCall(ledger_pb2.GetCallRequest(), timeout=_LONGEST_S))
        await asyncio.sleep(1)
        names.address = "127.0.0.2"
        return await _time_answer(Address("127.0.0.2", port), waiting)


async def _time_answer(here: Address, waiting: "asyncio.Future[ledger_pb2.GetCallResponse]") -> float:
    async with open_echo(_LEDGER, _at_once, here):
        start_s = time.monotonic()
        await waiting
        return time.monotonic() - start_s


class IdleStream:
    """A stream between a channel and a server as all have them, on which nothing is said."""

    def __init__(self) -> None:
        self.break_count = 0
        self.lasted_s = 0.0
        self._over = Event()

    def end(self) -> None:
        """It has lasted long enough."""
        self._over.set()

    def run(self) -> None:
        """Watch until `end`; for a thread of its own."""
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        start_s = time.monotonic()
        async with open_echo(_LEDGER, _at_once) as bound, open_channel(str(bound)) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(
                health_pb2.HealthCheckRequest(), timeout=_LONGEST_WATCH_S
            )
            listening = asyncio.create_task(_listen(watch))
            await until(lambda: self._over.is_set() or listening.done(), _LONGEST_WATCH_S)
            self.break_count += listening.done()
            listening.cancel()
        self.lasted_s = time.monotonic() - start_s


async def _listen(watch: grpc.aio.UnaryStreamCall) -> None:  # type: ignore[type-arg] # generic in its stubs only
    async for _ in watch:
        pass


@contextmanager
def idle_stream() -> Iterator[IdleStream]:
    """Such a stream while the context is open; afterwards it tells how it went."""
    stream = IdleStream()
    thread = Thread(target=stream.run)
    thread.start()
    try:
        yield stream
    finally:
        stream.end()
        thread.join()
