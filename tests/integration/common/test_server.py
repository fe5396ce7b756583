"""A real gRPC server and channel on loopback: health, errors, trace ids, draining, refusals."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import httpx
import pytest
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.addresses import Address, bind_tcp
from services.common.channel import open_channel
from services.common.errors import InvalidInput, TelnyxUnreachable, TollbookError, Unavailable
from services.common.logs import TRACE_ID
from services.common.process import StartError
from services.common.rpc_errors import from_rpc_error
from services.common.server import DRAIN_S, AdminEndpoint, Endpoint, open_server, serve
from services.common.telemetry import Readiness, open_admin
from tests.support.ports import free_port
from tollbook.telnyx.v1 import telnyx_gateway_pb2, telnyx_gateway_pb2_grpc

NAME = "tollbook.telnyx.v1.TelnyxGatewayService"
LOOPBACK = Address("127.0.0.1", 0)

Answer = Callable[[], Awaitable[telnyx_gateway_pb2.GetQuotaResponse]]


class Scripted(telnyx_gateway_pb2_grpc.TelnyxGatewayServiceServicer):
    """Answers GetQuota, and ends ListDetailRecords, as the test says; counts the calls."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.call_count = 0

    async def GetQuota(self, request: Any, context: Any) -> telnyx_gateway_pb2.GetQuotaResponse:  # noqa: N802
        self.call_count += 1
        return await self.answer()

    async def ListDetailRecords(  # noqa: N802
        self, request: Any, context: Any
    ) -> AsyncIterator[telnyx_gateway_pb2.ListDetailRecordsResponse]:
        self.call_count += 1
        yield telnyx_gateway_pb2.ListDetailRecordsResponse(page=telnyx_gateway_pb2.DetailRecordPage())
        await self.answer()

    async def GetBalance(self, request: Any, context: Any) -> telnyx_gateway_pb2.GetBalanceResponse:  # noqa: N802
        raise NotImplementedError

    async def GetPublicKeys(  # noqa: N802
        self, request: Any, context: Any
    ) -> telnyx_gateway_pb2.GetPublicKeysResponse:
        raise NotImplementedError

    async def CountDetailRecords(  # noqa: N802
        self, request: Any, context: Any
    ) -> telnyx_gateway_pb2.CountDetailRecordsResponse:
        raise NotImplementedError

    async def ListUsage(self, request: Any, context: Any) -> telnyx_gateway_pb2.ListUsageResponse:  # noqa: N802
        raise NotImplementedError


def endpoint(servicer: Scripted, listen: Address = LOOPBACK) -> Endpoint:
    return Endpoint(
        listen=listen,
        listen_variable="TELNYX_GATEWAY_LISTEN",
        service_names=(NAME,),
        add_servicers=lambda server: telnyx_gateway_pb2_grpc.add_TelnyxGatewayServiceServicer_to_server(
            servicer, server
        ),
    )


@asynccontextmanager
async def client(servicer: Scripted) -> AsyncIterator[telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub]:
    async with open_server(endpoint(servicer)) as bound, open_channel(str(bound)) as channel:
        yield telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub(channel)


def raising(error: Exception) -> Answer:
    async def answer() -> telnyx_gateway_pb2.GetQuotaResponse:
        raise error

    return answer


async def limit_of(trace: str) -> telnyx_gateway_pb2.GetQuotaResponse:
    seen = structlog.contextvars.get_contextvars().get(TRACE_ID)
    return telnyx_gateway_pb2.GetQuotaResponse(limit=1 if seen == trace else 0)


async def test_a_call_is_answered_and_carries_the_trace_id() -> None:
    async with client(Scripted(lambda: limit_of("t-1"))) as stub:
        with structlog.contextvars.bound_contextvars(trace_id="t-1"):
            response = await stub.GetQuota(telnyx_gateway_pb2.GetQuotaRequest())
    assert response.limit == 1


async def test_a_domain_error_arrives_as_itself_and_is_not_repeated() -> None:
    servicer = Scripted(raising(TelnyxUnreachable("Telnyx did not answer", retry_after_s=1.5)))
    async with client(servicer) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stub.GetQuota(telnyx_gateway_pb2.GetQuotaRequest())
    error = from_rpc_error(failed.value)
    assert isinstance(error, TelnyxUnreachable)
    assert (error.detail, error.retry_after_s) == ("Telnyx did not answer", 1.5)
    assert servicer.call_count == 1


async def test_what_is_still_starting_is_tried_again() -> None:
    servicer = Scripted(raising(Unavailable("the database is not there yet")))
    async with client(servicer) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stub.GetQuota(telnyx_gateway_pb2.GetQuotaRequest())
    assert isinstance(from_rpc_error(failed.value), Unavailable)
    assert servicer.call_count == 4


async def test_what_has_too_much_to_do_is_left_alone() -> None:
    servicer = Scripted(raising(Unavailable("the book is behind", retry_after_s=1)))
    async with client(servicer) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stub.GetQuota(telnyx_gateway_pb2.GetQuotaRequest())
    assert from_rpc_error(failed.value).retry_after_s == 1
    assert servicer.call_count == 1


async def test_an_unforeseen_error_tells_the_caller_nothing() -> None:
    async with client(Scripted(raising(ValueError("+12025550131")))) as stub:
        with structlog.testing.capture_logs() as lines, pytest.raises(grpc.aio.AioRpcError) as failed:
            await stub.GetQuota(telnyx_gateway_pb2.GetQuotaRequest())
    error = from_rpc_error(failed.value)
    assert type(error) is TollbookError
    assert "2025550131" not in str(failed.value)
    assert [line["event"] for line in lines] == ["rpc.failed"]


async def test_an_error_in_the_middle_of_a_stream_arrives_as_itself() -> None:
    async with client(Scripted(raising(InvalidInput("no such type", field="record_type")))) as stub:
        stream = aiter(stub.ListDetailRecords(telnyx_gateway_pb2.ListDetailRecordsRequest()))
        assert (await anext(stream)).HasField("page")
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await anext(stream)
    error = from_rpc_error(failed.value)
    assert isinstance(error, InvalidInput)
    assert error.field == "record_type"


async def test_a_taken_port_is_refused_with_the_name_of_the_variable() -> None:
    servicer = Scripted(raising(InvalidInput("unused")))
    async with open_server(endpoint(servicer)) as bound:
        with pytest.raises(StartError, match=r"^TELNYX_GATEWAY_LISTEN: cannot listen on 127\.0\.0\.1:"):
            async with open_server(endpoint(servicer, bound)):
                pass


async def test_a_taken_admin_port_is_refused_with_the_name_of_the_variable() -> None:
    with bind_tcp(LOOPBACK, "FIRST") as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(StartError, match=r"^LEDGER_ADMIN_LISTEN: cannot listen on .*in use"):
            async with open_admin(address, "LEDGER_ADMIN_LISTEN", Readiness()):
                pass


async def test_draining_lets_a_running_call_finish_and_reports_not_serving() -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def answer() -> telnyx_gateway_pb2.GetQuotaResponse:
        started.set()
        await release.wait()
        return telnyx_gateway_pb2.GetQuotaResponse(limit=40)

    readiness = Readiness()
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(open_server(endpoint(Scripted(answer)), readiness))
        channel = open_channel(str(bound))
        states = aiter(health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=NAME)))
        assert (await anext(states)).status == health_pb2.HealthCheckResponse.SERVING
        call = asyncio.create_task(limit_answered(channel))
        await started.wait()
        assert readiness == Readiness(is_ready=True)
        closing = asyncio.create_task(stack.aclose())
        assert (await anext(states)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert readiness == Readiness(is_ready=False)
        release.set()
        assert await call == 40
        await channel.close()
        await closing


async def test_who_watches_the_health_does_not_hold_up_the_end() -> None:
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(open_server(endpoint(Scripted(lambda: limit_of("")))))
        async with open_channel(str(bound)) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=NAME))
            states = aiter(watch)
            seen = [(await anext(states)).status]
            async with asyncio.timeout(DRAIN_S / 2):
                await stack.aclose()
            seen += [state.status async for state in states]
    assert seen == [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING]


@pytest.mark.parametrize("name", ["", NAME])
async def test_every_service_has_a_health_of_its_own(name: str) -> None:
    async with (
        open_server(endpoint(Scripted(lambda: limit_of("")))) as bound,
        open_channel(str(bound)) as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        listed = (await health.List(health_pb2.HealthListRequest())).statuses
        assert listed[name].status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await health.Check(health_pb2.HealthCheckRequest(service="tollbook.nowhere.v1.NoService"))
        assert failed.value.code() is grpc.StatusCode.NOT_FOUND
        other = health.Watch(health_pb2.HealthCheckRequest(service="tollbook.nowhere.v1.NoService"))
        assert (await anext(aiter(other))).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        other.cancel()


async def test_what_would_never_end_is_ended_before_the_draining() -> None:
    is_over = asyncio.Event()

    async def answer() -> telnyx_gateway_pb2.GetQuotaResponse:
        await is_over.wait()
        raise Unavailable("the service is about to stop")

    endless = replace(endpoint(Scripted(answer)), before_drain=is_over.set)
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(open_server(endless))
        async with open_channel(str(bound)) as channel:
            stub = telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub(channel)
            pages = aiter(stub.ListDetailRecords(telnyx_gateway_pb2.ListDetailRecordsRequest()))
            await anext(pages)
            assert not is_over.is_set()
            async with asyncio.timeout(DRAIN_S / 2):
                await stack.aclose()
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await anext(pages)
    assert from_rpc_error(raised.value).detail == "the service is about to stop"


async def test_a_stream_whose_caller_hung_up_lets_go_of_what_it_holds() -> None:
    held, let_go = asyncio.Event(), asyncio.Event()

    async def answer() -> telnyx_gateway_pb2.GetQuotaResponse:
        held.set()
        try:
            return await asyncio.Future()
        finally:
            let_go.set()

    async with client(Scripted(answer)) as stub:
        pages = stub.ListDetailRecords(telnyx_gateway_pb2.ListDetailRecordsRequest())
        await anext(aiter(pages))
        await held.wait()
        pages.cancel()
        async with asyncio.timeout(20):
            await let_go.wait()


async def limit_answered(channel: grpc.aio.Channel) -> int:
    stub = telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub(channel)
    return (await stub.GetQuota(telnyx_gateway_pb2.GetQuotaRequest())).limit


async def test_serving_a_whole_process_until_it_is_told_to_stop() -> None:
    port = free_port()
    admin = AdminEndpoint(Address("127.0.0.1", port), "TELNYX_GATEWAY_ADMIN_LISTEN")
    opened, go_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def prepare(_: object) -> Endpoint:
        opened.set()
        await go_on.wait()
        return endpoint(Scripted(lambda: limit_of("")))

    with structlog.testing.capture_logs() as lines:
        serving = asyncio.create_task(serve("telnyx-gateway", admin, prepare, stop))
        await opened.wait()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            assert (await http.get("/healthz")).status_code == 200
            assert (await http.get("/readyz")).status_code == 503
            go_on.set()
            async with asyncio.timeout(10):
                while (await http.get("/readyz")).status_code != 200:
                    pass
            assert "tollbook_rpc_seconds" in (await http.get("/metrics")).text
        stop.set()
        await serving
    events = [line["event"] for line in lines]
    assert events == ["admin.ready", "telnyx-gateway.ready", "telnyx-gateway.stopping"]
