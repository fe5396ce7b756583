"""A server that knows every method of one service and answers all of them alike: for what holds of every call."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from services.common.addresses import Address
from services.common.server import Endpoint, open_server

Context = grpc.aio.ServicerContext[Any, Any]
Behavior = Callable[[str, Context], Awaitable[None]]
"""What happens before the empty answer to a call of the method of that name."""


def endpoint_of(service: ServiceDescriptor, behavior: Behavior, listen: Address | None = None) -> Endpoint:
    """All methods of `service` as an endpoint, by default on a free port."""

    def add(server: grpc.aio.Server) -> None:
        handlers = {name: _handler(name, behavior) for name in service.methods_by_name}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))

    return Endpoint(
        listen=listen or Address("127.0.0.1", 0),
        listen_variable="TEST_LISTEN",
        service_names=(service.full_name,),
        add_servicers=add,
    )


@asynccontextmanager
async def open_echo(
    service: ServiceDescriptor, behavior: Behavior, listen: Address | None = None
) -> AsyncIterator[Address]:
    """Serve it while the context is open; gives the bound address."""
    async with open_server(endpoint_of(service, behavior, listen)) as bound:
        yield bound


def _handler(name: str, behavior: Behavior) -> Any:
    # Bytes in, bytes out: an empty message has no bytes, whatever its type. A unary answer is a stream of one to gRPC.
    async def answer(_: bytes, context: Context) -> AsyncIterator[bytes]:
        await behavior(name, context)
        yield b""

    return grpc.unary_stream_rpc_method_handler(answer)
