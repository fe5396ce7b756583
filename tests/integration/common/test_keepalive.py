"""A stream on which nobody speaks stays: both ends ping, and neither takes that amiss."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common import channel, server
from services.common.channel import open_channel
from services.common.keepalive import KEEPALIVE
from tests.support.echo_services import Context, open_echo
from tests.support.frames import GOAWAY, PING, FrameRelay, open_frame_relay
from tests.support.waiting import until
from tollbook.ledger.v1 import ledger_pb2

_LEDGER = ledger_pb2.DESCRIPTOR.services_by_name["LedgerService"]
_TIMES_AS_FAST = 100
_PINGS = 5
"""The fourth that comes too soon ends a connection; clients by themselves send two when there is nothing else to say,
and never more than one a second.
"""


async def _nothing(_: str, __: Context) -> None:
    return


@pytest.fixture
def fast_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pings of Tollbook, only faster."""
    fast = replace(
        KEEPALIVE,
        time_s=KEEPALIVE.time_s / _TIMES_AS_FAST,
        least_interval_s=KEEPALIVE.least_interval_s / _TIMES_AS_FAST,
    )
    for module, options, changed in (
        (channel, channel._OPTIONS, fast.client_options()),
        (server, server._OPTIONS, fast.server_options()),
    ):
        assert dict(changed).keys() <= dict(options).keys()
        monkeypatch.setattr(module, "_OPTIONS", tuple((dict(options) | dict(changed)).items()))


@asynccontextmanager
async def silent_stream() -> AsyncIterator[tuple[FrameRelay, "grpc.aio.UnaryStreamCall[object, object]"]]:
    """A watch of a health that does not change, and what passes beneath it."""
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(open_echo(_LEDGER, _nothing))
        relay, port = await stack.enter_async_context(open_frame_relay(bound.port))
        opened = await stack.enter_async_context(open_channel(f"127.0.0.1:{port}"))
        watch = health_pb2_grpc.HealthStub(opened).Watch(health_pb2.HealthCheckRequest())
        assert (await anext(aiter(watch))).status == health_pb2.HealthCheckResponse.SERVING
        yield relay, watch
        watch.cancel()


@pytest.mark.usefixtures("fast_pings")
async def test_both_ends_go_on_pinging_and_nobody_hangs_up() -> None:
    async with silent_stream() as (relay, watch):
        await until(lambda: relay.from_client[PING] >= _PINGS or watch.done(), 30)
        await until(lambda: relay.from_server[PING] >= _PINGS or watch.done(), 30)
        assert not watch.done()
        assert relay.from_server[GOAWAY] == relay.from_client[GOAWAY] == 0


def test_grpc_knows_every_option() -> None:
    """It says nothing of those that it does not know."""
    spec = find_spec("grpc._cython.cygrpc")
    assert spec is not None
    assert spec.origin is not None
    library = Path(spec.origin).read_bytes()
    unknown = {
        name for name, _ in (*channel._OPTIONS, *server._OPTIONS) if name.encode() + b"\0" not in library
    }
    assert unknown == set()


def test_servers_allow_more_than_clients_do() -> None:
    """Timers of a busy machine meet now and then."""
    assert KEEPALIVE.least_interval_s <= KEEPALIVE.time_s / 2
