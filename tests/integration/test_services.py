"""The three servers as processes: what they offer and say of it; nobody who listens to them keeps them alive."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.channel import open_channel
from tests.support.processes import running_tollbook
from tests.support.protos import all_services
from tollbook.ledger.v1.ledger_pb2 import WatchChargesRequest
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

_SERVERS = ("ledger", "telnyx_gateway", "reconciler")
_OF_EVERY_SERVER = "tollbook.process.v1.AlarmService"
_ENDS_WITHIN_S = 10.0
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.timeout(120)
async def test_each_service_has_a_health_which_changes_when_its_process_is_told_to_end(
    tmp_path: Path,
) -> None:
    with running_tollbook(tmp_path, {}) as tollbook:
        async with AsyncExitStack() as stack:
            watches = {}
            for server in _SERVERS:
                await asyncio.to_thread(tollbook.start, server)
                channel = await stack.enter_async_context(open_channel(tollbook.target(server)))
                health = health_pb2_grpc.HealthStub(channel)
                for name in (await health.List(health_pb2.HealthListRequest())).statuses:
                    watch = health.Watch(health_pb2.HealthCheckRequest(service=name))
                    watches[server, name] = watch
                    assert (await anext(aiter(watch))).status == _SERVING
            ledger = await stack.enter_async_context(open_channel(tollbook.target("ledger")))
            changes = LedgerServiceStub(ledger).WatchCharges(WatchChargesRequest())
            await anext(aiter(changes))
            offered = {name for _, name in watches if name}
            assert offered == {service.full_name for service in all_services()} - {_OF_EVERY_SERVER}
            for server in reversed(_SERVERS):
                start_s = time.monotonic()
                assert await asyncio.to_thread(tollbook.stop, server) == 0
                assert time.monotonic() - start_s < _ENDS_WITHIN_S
            for watch in watches.values():
                assert [state.status async for state in watch] == [_NOT_SERVING]
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await anext(aiter(changes))
            assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
