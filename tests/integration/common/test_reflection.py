"""What `buf curl` asks a server: which services it has, and the file that describes one of them."""

from collections.abc import AsyncIterator, Callable

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.common.addresses import Address
from services.common.server import Endpoint, open_server
from tollbook.ledger.v1 import ledger_pb2

_LEDGER = ledger_pb2.DESCRIPTOR.services_by_name["LedgerService"].full_name


def _nothing(_: grpc.aio.Server) -> None:
    """Reflection tells of a service whether or not it is served here."""


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint(
        listen=Address("127.0.0.1", 0),
        listen_variable="LEDGER_LISTEN",
        service_names=(_LEDGER,),
        add_servicers=_nothing,
    )


async def _told(
    endpoint: Endpoint, question: reflection_pb2.ServerReflectionRequest
) -> reflection_pb2.ServerReflectionResponse:
    async def questions() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield question

    async with open_server(endpoint) as bound, grpc.aio.insecure_channel(str(bound)) as channel:
        stub: Callable[..., AsyncIterator[reflection_pb2.ServerReflectionResponse]]
        stub = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        async for answer in stub(questions()):
            return answer
    raise AssertionError("no answer")


async def test_the_services_are_listed(endpoint: Endpoint) -> None:
    answer = await _told(endpoint, reflection_pb2.ServerReflectionRequest(list_services=""))
    names = {service.name for service in answer.list_services_response.service}
    assert names == {
        _LEDGER,
        "tollbook.process.v1.AlarmService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_a_service_is_described(endpoint: Endpoint) -> None:
    question = reflection_pb2.ServerReflectionRequest(file_containing_symbol=_LEDGER)
    answer = await _told(endpoint, question)
    described = FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])
    assert [service.name for service in described.service] == ["LedgerService"]
