"""`host:port` as a value: where a server of Tollbook listens."""

import socket
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from services.common.process import StartError


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port; port 0 lets the system pick a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: object) -> Address:
    """`127.0.0.1:50051`, `[::1]:50051` or `localhost:0`. Raises ValueError with a sentence."""
    if isinstance(text, Address):
        return text
    host, separator, port = str(text).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (separator and host and port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise ValueError("must be host:port, for example 127.0.0.1:50051")
    return Address(host, int(port))


ListenAddress = Annotated[Address, NoDecode, BeforeValidator(parse_address)]
"""The type of a settings field such as LEDGER_LISTEN."""


def bind_tcp(address: Address, variable: str) -> socket.socket:
    """A bound TCP socket, not yet listening. Raises StartError naming the settings variable."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, location = found[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartError(f"{variable}: {address} is no address of this machine ({error.strerror})") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(location)
        # Without this, two processes could bind one port before either listens.
        bound.listen(socket.SOMAXCONN)
    except OSError as error:
        bound.close()
        raise StartError(f"{variable}: cannot listen on {address}: {error.strerror}") from error
    bound.setblocking(False)
    return bound
