"""No call between the processes waits for ever: each has a deadline, whoever makes it, and ends with it."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from services.common.channel import STREAM_TIMEOUT_S, UNARY_TIMEOUT_S, open_channel
from services.common.errors import Unavailable
from services.common.rpc_errors import from_rpc_error
from tests.support.echo_services import Context, open_echo
from tests.support.processes import ROOT
from tests.support.protos import all_services
from tollbook.ledger.v1 import ledger_pb2

_LEDGER = ledger_pb2.DESCRIPTOR.services_by_name["LedgerService"]
_OF_EVERY_SERVER = "tollbook.process.v1.AlarmService"
_SERVICES = [service for service in all_services() if service.full_name != _OF_EVERY_SERVER]
_ON_THE_WIRE_S = 2.0
"""gRPC tells deadlines in few digits, rounded up."""
_OPENS_A_CHANNEL = {"insecure_channel", "secure_channel"}


def _call(channel: grpc.aio.Channel, service: ServiceDescriptor, name: str) -> Any:
    """A call of a method as its stub makes it, without a timeout."""
    method = service.methods_by_name[name]
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    callable_ = kind(
        f"/{service.full_name}/{name}",
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    return callable_(GetMessageClass(method.input_type)())


async def _end(call: Any) -> None:
    if isinstance(call, grpc.aio.UnaryStreamCall):
        async for _ in call:
            pass
    else:
        await call


@pytest.mark.parametrize("service", _SERVICES, ids=lambda service: service.name)
async def test_every_method_is_called_with_a_deadline(service: ServiceDescriptor) -> None:
    left_s: dict[str, float | None] = {}

    async def note(name: str, context: Context) -> None:
        left_s[name] = context.time_remaining()

    async with open_echo(service, note) as bound, open_channel(str(bound)) as channel:
        for name in service.methods_by_name:
            await _end(_call(channel, service, name))
    for name, method in service.methods_by_name.items():
        seen_s = left_s[name]
        assert seen_s is not None, f"{name} was called without a deadline"
        longest_s = STREAM_TIMEOUT_S if method.server_streaming else UNARY_TIMEOUT_S
        assert seen_s <= longest_s + _ON_THE_WIRE_S


@pytest.mark.parametrize("name", ["GetCall", "WatchCharges"])
async def test_a_call_that_nobody_answers_ends(name: str) -> None:
    async def never(_: str, __: Context) -> None:
        await asyncio.Future()

    async with (
        open_echo(_LEDGER, never) as bound,
        open_channel(str(bound), unary_timeout_s=0.2, stream_timeout_s=0.2) as channel,
        asyncio.timeout(20),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await _end(_call(channel, _LEDGER, name))
    assert failed.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert isinstance(from_rpc_error(failed.value), Unavailable)


@pytest.mark.parametrize("room", ["services", "gateway"])
def test_there_is_no_other_way_to_call(room: str) -> None:
    """Only `open_channel` gives calls their deadlines, and nobody takes them away."""
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in _OPENS_A_CHANNEL:
                assert path == ROOT / "services" / "common" / "channel.py", _at(path, node)
            if isinstance(node, ast.keyword) and node.arg in ("timeout", "timeout_s"):
                is_none = isinstance(node.value, ast.Constant) and node.value.value is None
                assert not is_none, _at(path, node)


def _at(path: Path, node: ast.Attribute | ast.keyword) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"
