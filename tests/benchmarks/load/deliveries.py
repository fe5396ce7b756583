"""Requests as the bytes that go over the connection: signed webhooks, and reads; kept in a file between processes."""

import random
import struct
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from tests.benchmarks.load.stories import webhooks
from tests.sandbox.events import Payload
from tests.support.telnyx_signer import TelnyxSigner

WEBHOOK_PATH = "/api/telnyx/webhooks/calls"
_LENGTH = struct.Struct("<I")


def deliveries(signer: TelnyxSigner, rng: random.Random, count: int, now: datetime) -> Iterator[bytes]:
    """`count` webhooks that were signed now: they count as fresh for 300 s."""
    for webhook in webhooks(rng, count, now):
        yield delivery(signer, webhook, now)


def delivery(signer: TelnyxSigner, webhook: Payload, signed_at: datetime) -> bytes:
    """One webhook as a whole request."""
    body = msgspec.json.encode(webhook)
    signed = "".join(f"{name}: {value}\r\n" for name, value in signer.headers(body, signed_at).items())
    head = (
        f"POST {WEBHOOK_PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: telnyx-webhooks\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{signed}\r\n"
    )
    return head.encode() + body


def read_of(path: str) -> bytes:
    """A GET of a page or an endpoint."""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept-encoding: gzip\r\n\r\n".encode()


def write_requests(path: Path, requests: Iterable[bytes]) -> None:
    """Keep whole requests, in order."""
    with path.open("wb") as file:
        for request in requests:
            file.write(_LENGTH.pack(len(request)) + request)


def read_requests(path: Path) -> list[bytes]:
    """What `write_requests` kept."""
    kept = memoryview(path.read_bytes())
    requests, position = [], 0
    while position < len(kept):
        (length,) = _LENGTH.unpack_from(kept, position)
        position += _LENGTH.size
        requests.append(bytes(kept[position : position + length]))
        position += length
    return requests
