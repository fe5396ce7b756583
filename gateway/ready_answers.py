"""Answers as the two ASGI messages that they are sent as, made once and sent many times."""

from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Message, Send

from gateway.middleware import RAW_SECURITY_HEADERS


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """A whole answer with all of its headers."""

    status: int
    start: Message
    body: Message

    async def send(self, send: Send) -> None:
        """Send it; nothing is changed by that."""
        await send(self.start)
        await send(self.body)


def ready(response: Response) -> ReadyAnswer:
    """A response that is not streamed, with the headers that every answer of the edge has."""
    headers = [*response.raw_headers, *RAW_SECURITY_HEADERS, (b"cache-control", b"no-store")]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    return ReadyAnswer(
        response.status_code, start, {"type": "http.response.body", "body": bytes(response.body)}
    )
