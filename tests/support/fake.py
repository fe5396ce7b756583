"""What all fakes of services have."""

from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass
class Fake:
    """The requests that it saw, by method, and the errors that it is to give."""

    errors: dict[str, Exception] = field(default_factory=dict)
    requests: dict[str, list[Message]] = field(default_factory=dict)

    def took(self, method: str, request: Message) -> None:
        """Keep a request. Raises what the test wants it to."""
        self.requests.setdefault(method, []).append(request)
        if method in self.errors:
            raise self.errors[method]
